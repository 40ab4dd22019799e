# Inside a base image: the programs that buildspecs of AWS's standard images use most.
# usage: build.sh AWSCLI-REQUIREMENT CLIENT   (CLIENT: debian, or trixie for an Engine that wants a newer one)
set -eu
export DEBIAN_FRONTEND=noninteractive
awscli="$1" client="$2"
# Proxies and package indexes of this machine; not part of the image.
. /recipes/environment

sh /recipes/trust.sh

# The AWS CLI (and boto3, for Lambda functions) come from PyPI while apt works; Debian's are older than
# AWS_ENDPOINT_URL.
(
  SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
    pip install --quiet --root-user-action=ignore --no-cache-dir --disable-pip-version-check "$awscli" boto3
  # `aws help` is all that reads these.
  rm -rf /usr/local/lib/python3*/*-packages/awscli/examples
) > /tmp/pip.log 2>&1 &
pip=$!

apt-get update -qq
apt-get install -y -qq --no-install-recommends ca-certificates curl git jq make unzip >/tmp/apt.log 2>&1 || {
  cat /tmp/apt.log
  exit 1
}
git config --system --add safe.directory '*'

# The client alone: docker.io holds an Engine too.
mkdir /tmp/client
cd /tmp/client
if [ "$client" = trixie ] && ! apt-cache show docker-cli >/dev/null 2>&1; then
  mirror="$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' | grep -v security | head -n 1)"
  echo "deb $mirror trixie main" > /etc/apt/sources.list.d/client.list
  apt-get update -qq
fi
if apt-cache show docker-cli >/dev/null 2>&1; then
  apt-get download -qq docker-cli docker-buildx
else
  apt-get download -qq docker.io
fi
for package in *.deb; do
  dpkg --fsys-tarfile "$package" | tar -x -C / --wildcards './usr/bin/docker' './usr/libexec/docker/cli-plugins/*' 2>/dev/null || true
done
cd /
test -x /usr/bin/docker
docker --version

wait "$pip" || {
  cat /tmp/pip.log
  exit 1
}
aws --version
rm -rf /tmp/client /tmp/pip.log /tmp/apt.log /etc/apt/sources.list.d/client.list /var/lib/apt/lists/* /var/cache/apt/* /recipes
