export AWS_DEFAULT_REGION="$AWS_REGION" AWS_PAGER=""

say() { printf '%s\n' "$*"; }

fail() {
  printf '%s\n' "${0##*/}: $*" >&2
  exit 1
}

ACCOUNT=$(aws sts get-caller-identity --query Account --output text)
SCRATCH=$(mktemp -d)
trap 'rm -rf "$SCRATCH"' EXIT

# Bash forgets `set -e` within $(...): so functions that print a value end by themselves where a command fails.

output() { # STACK NAME: prints what the stack puts out under that name
  local value
  value=$(aws cloudformation describe-stacks --stack-name "$1" \
    --query "Stacks[0].Outputs[?OutputKey=='$2'].OutputValue" --output text) || return
  [ -n "$value" ] || fail "the stack $1 puts out no $2"
  printf '%s\n' "$value"
}

filled() { # SERVICE IMAGE: prints the name of a file with the task definition that runs this image here
  sed -e "s|<IMAGE>|$2|" -e "s|<ACCOUNT>|$ACCOUNT|g" -e "s|<REGION>|$AWS_REGION|g" \
    "taskdefs/$1.json" > "$SCRATCH/$1.json" || return
  printf '%s\n' "$SCRATCH/$1.json"
}

register() { # SERVICE IMAGE: registers that task definition and prints its ARN
  local file
  file=$(filled "$1" "$2") || return
  aws ecs register-task-definition --cli-input-json "file://$file" \
    --query taskDefinition.taskDefinitionArn --output text
}

delete() { # STACK...: deletes stacks side by side, and waits until they are gone
  local stack
  for stack in "$@"; do
    say "$stack: deleting"
    aws cloudformation delete-stack --stack-name "$stack"
  done
  for stack in "$@"; do
    aws cloudformation wait stack-delete-complete --stack-name "$stack"
  done
}
