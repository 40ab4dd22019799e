"""A project as files that the plain AWS CLI deploys and releases, without Bambe; pure.

README.md            what lies where, and how to deploy, release, go back, change and take down
lib.sh               what the scripts share
deploy.sh            all stacks in order, with the first image and task definition of each service
release.sh           an image of a service
down.sh              takes all down
templates/           <stack>.json
taskdefs/            <service>.json, with <IMAGE>, <ACCOUNT> and <REGION>
appspecs/            <service>.json, where CodeDeploy releases it
"""

from bambe.synth.ejected.files import FOLDERS, ejected, hindrances

__all__ = ["FOLDERS", "ejected", "hindrances"]
