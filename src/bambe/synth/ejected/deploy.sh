STACKS=$(aws cloudformation describe-stacks --output text \
  --query "Stacks[].[StackName, StackStatus, Outputs[?OutputKey=='Service'].OutputKey | [0]]")
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

is_made() { # SERVICE: whether its stack had the service as this script began; one at rest has not
  printf '%s\n' "$STACKS" | awk -v stack="$PROJECT-$1" '
    $1 == stack && $3 == "Service" { found = 1 }
    END { exit !found }'
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
  if is_made "$1"; then deploy_again "$@"; else deploy_first "$@"; fi
}

deploy_first() { # SERVICE [PARAMETER=VALUE...]: its stack with its newest image, and all traffic at blue
  local service="$1" stack="$PROJECT-$1" image revision one
  shift
  image=$(newest_image "$service")
  [ -n "$image" ] || fail "$service: its build has pushed no image to the repository $PROJECT/$service"
  revision=$(register "$service" "$image")
  set -- "$@" TaskDefinition="$revision"
  for one in BlueWeight=1 GreenWeight=0 PrimaryTargets=blue; do # a stack at rest may have others
    if grep -q "\"${one%=*}\": {" "templates/$stack.json"; then set -- "$@" "$one"; fi
  done
  deploy "$stack" "$@"
}

deploy_again() { # SERVICE [PARAMETER=VALUE...]: changes its stack, which first is given what releases have changed
  local service="$1" stack="$PROJECT-$1" live runs has one
  shift
  live=$(live_weights "$stack")
  runs=$(aws ecs describe-services --cluster "$CLUSTER" --services "$service" --output text --query "services[0].[
    deploymentController.type || 'ECS', (taskSets[?status=='PRIMARY'].taskDefinition | [0]) || taskDefinition]")
  case "$runs" in
    ECS*) live="$live"$'\n'"TaskDefinition=${runs#*[[:space:]]}" ;;
    CODE_DEPLOY*) # its task definition cannot be given beforehand, and need not be unless ECS takes the service over
      if [ ! -f "appspecs/$service.json" ]; then
        set -- "$@" TaskDefinition="${runs#*[[:space:]]}"
        case "$live" in BlueWeight=0*) set -- "$@" PrimaryTargets=green ;; esac
      fi ;;
  esac
  has=$(aws cloudformation describe-stacks --stack-name "$stack" --output text \
    --query "Stacks[0].Parameters[].[join('=', [ParameterKey, ParameterValue])]")
  for one in $live; do # a stack of an earlier template is given with the change what it has no parameter for
    if ! grep -q "^${one%%=*}=" <<< "$has"; then set -- "$@" "$one"; fi
  done
  carry "$stack" "$has" "$live"
  deploy "$stack" "$@"
}

carry() { # STACK HAS LIVE (both NAME=VALUE lines): gives it live values of its parameters, by the template it has
  local stack="$1" has="$2" live="$3" one name value other="" said
  set --
  while IFS= read -r one; do
    name="${one%%=*}"
    value=$(sed -n "s/^$name=//p" <<< "$live")
    if [ -z "$value" ] || [ "$one" = "$name=$value" ]; then
      set -- "$@" "ParameterKey=$name,UsePreviousValue=true"
    else
      set -- "$@" "ParameterKey=$name,ParameterValue=$value"
      other="$other $name"
    fi
  done <<< "$has"
  if [ -z "$other" ]; then return; fi
  say "$stack: is given what releases have changed:$other"
  if said=$(aws cloudformation update-stack --stack-name "$stack" --use-previous-template \
    --capabilities CAPABILITY_NAMED_IAM --parameters "$@" 2>&1); then
    aws cloudformation wait stack-update-complete --stack-name "$stack"
  else
    case "$said" in *"No updates are to be performed"*) ;; *) fail "$stack: $said" ;; esac
  fi
}

live_weights() { # STACK: prints the weights in its rule, as the last release left them; nothing without a pair
  local made rule weights
  made=$(aws cloudformation describe-stack-resources --stack-name "$1" --output text \
    --query 'StackResources[].[LogicalResourceId, PhysicalResourceId]') || return
  rule=$(printf '%s\n' "$made" | awk '
    $1 == "Rule" { rule = $2 }
    $1 == "GreenTargets" { pair = 1 }
    END { if (pair) print rule }')
  if [ -z "$rule" ]; then return; fi
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
    "0 "* | *" 0") printf 'BlueWeight=%s\nGreenWeight=%s\n' "${weights% *}" "${weights#* }" ;;
    *) fail "$1: a release is shifting traffic (blue and green $weights): run this again when it is over" ;;
  esac
}
