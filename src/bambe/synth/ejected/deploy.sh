STACKS=$(aws cloudformation describe-stacks --query 'Stacks[].[StackName, StackStatus]' --output text)
BUILDS=""
say "$PROJECT: the account $ACCOUNT, $AWS_REGION"

status() { # STACK: prints its status as this script began; nothing where there was no such stack
  printf '%s\n' "$STACKS" | awk -v stack="$1" '$1 == stack { print $2 }'
}

deploy() { # STACK [PARAMETER=VALUE...]: makes or changes a stack; parameters that are not given stay as they are
  local stack="$1" body="$SCRATCH/template.json"
  shift
  say "$stack"
  if [ "$(status "$stack")" = ROLLBACK_COMPLETE ]; then
    delete "$stack" # its making failed, and CloudFormation takes no other request for it
  fi
  sed 's/^ *//' "templates/$stack.json" | tr -d '\n' > "$body" # bytes count, indentation included
  if [ $# -gt 0 ]; then set -- --parameter-overrides "$@"; fi
  if [ -n "${BUCKET:-}" ]; then set -- --s3-bucket "$BUCKET" --s3-prefix "$PROJECT" "$@"; fi
  aws cloudformation deploy --stack-name "$stack" --template-file "$body" \
    --capabilities CAPABILITY_NAMED_IAM --no-fail-on-empty-changeset "$@"
}

is_made() { # SERVICE: whether its stack was there as this script began
  case "$(status "$PROJECT-$1")" in
    "" | REVIEW_IN_PROGRESS | ROLLBACK_COMPLETE) return 1 ;;
  esac
}

newest_image() { # SERVICE: prints its newest image; nothing where there is none
  local tag repository
  tag=$(aws ecr describe-images --repository-name "$PROJECT/$1" --filter tagStatus=TAGGED \
    --query 'sort_by(imageDetails, &imagePushedAt)[-1].imageTags[0]' --output json) || return
  if [ "$tag" = null ]; then return; fi
  repository=$(output "$PROJECT-$1-build" Repository) || return
  printf '%s\n' "$repository:$tag" | tr -d '"'
}

begin_first_build() { # SERVICE: begins to build its first image, unless it has one; its buildspec releases nothing
  local image build
  if is_made "$1"; then return; fi
  image=$(newest_image "$1")
  if [ -n "$image" ]; then return; fi
  build=$(aws codebuild start-build --project-name "$PROJECT-$1" \
    --environment-variables-override name=RELEASE,value=no,type=PLAINTEXT --query build.id --output text)
  say "$1: $build makes its first image"
  BUILDS="$BUILDS $build"
}

await_builds() { # waits for all that were begun
  local build state
  for build in $BUILDS; do
    state=IN_PROGRESS
    while [ "$state" = IN_PROGRESS ]; do
      state=$(aws codebuild batch-get-builds --ids "$build" --query 'builds[0].buildStatus' --output text)
      if [ "$state" = IN_PROGRESS ]; then sleep 10; fi
    done
    [ "$state" = SUCCEEDED ] || fail "$build: $state (aws logs tail /aws/codebuild/${build%%:*} --since 1h)"
  done
}

deploy_service() { # SERVICE [PARAMETER=VALUE...]: its stack; what releases have changed stays as it is
  local service="$1" stack="$PROJECT-$1" image revision weights
  shift
  if ! is_made "$service"; then
    image=$(newest_image "$service")
    [ -n "$image" ] || fail "$service: its build has pushed no image to the repository $PROJECT/$service"
    revision=$(register "$service" "$image")
    set -- "$@" TaskDefinition="$revision"
  else
    if [ ! -f "appspecs/$service.json" ]; then # ECS releases it; what CodeDeploy releases keeps its first one
      revision=$(aws ecs describe-services --cluster "$CLUSTER" --services "$service" \
        --query "(services[0].taskSets[?status=='PRIMARY'].taskDefinition | [0]) || services[0].taskDefinition" \
        --output text)
      set -- "$@" TaskDefinition="$revision"
    fi
    if grep -q '"BlueWeight": {' "templates/$stack.json"; then
      weights=$(live_weights "$stack")
      set -- "$@" BlueWeight="${weights% *}" GreenWeight="${weights#* }"
    fi
  fi
  deploy "$stack" "$@"
}

live_weights() { # STACK: prints the weights of blue and of green in the service's rule, as the last release left them
  local made rule weights
  made=$(aws cloudformation describe-stack-resources --stack-name "$1" --output text \
    --query 'StackResources[].[LogicalResourceId, PhysicalResourceId]') || return
  rule=$(printf '%s\n' "$made" | awk '$1 == "Rule" { print $2 }')
  weights=$(aws elbv2 describe-rules --rule-arns "$rule" --output text \
    --query "Rules[0].Actions[?Type=='forward'].ForwardConfig.TargetGroups[].[TargetGroupArn, Weight]") || return
  weights=$(printf '%s\n%s\n' "$made" "$weights" | awk '
    $1 == "BlueTargets" { blue = $2 }
    $1 == "GreenTargets" { green = $2 }
    $1 == blue { b = $2 }
    $1 == green { g = $2 }
    END { print b + 0, g + 0 }')
  case "$weights" in
    "0 0") fail "the rule of $1 leads neither to blue nor to green" ;;
    "0 "* | *" 0") printf '%s\n' "$weights" ;;
    *) fail "$1: a release is shifting traffic (blue and green $weights): run this again when it is over" ;;
  esac
}
