if [ $# != 2 ] || [ ! -f "taskdefs/$1.json" ]; then
  echo "usage: ./release.sh SERVICE IMAGE; services: $SERVICES" >&2
  exit 2
fi
# shellcheck source=lib.sh
. ./lib.sh

service="$1"
image="$2"
if [ -f "appspecs/$service.json" ]; then
  # CodeDeploy shifts the traffic. This registers the task definition, and waits until the old version has ended;
  # Ctrl-C ends the waiting, not the release.
  file=$(filled "$service" "$image")
  aws ecs deploy --cluster "$CLUSTER" --service "$service" --task-definition "$file" \
    --codedeploy-appspec "appspecs/$service.json"
else
  # ECS itself takes the new version in, as the service's deployment configuration says.
  revision=$(register "$service" "$image")
  aws ecs update-service --cluster "$CLUSTER" --service "$service" --task-definition "$revision" \
    --query service.taskDefinition --output text
fi
