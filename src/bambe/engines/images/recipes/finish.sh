# Inside a fresh Debian: what is where, as in the official Python image; this machine's certificates.
set -eu

for kind in doc info locale man; do
  rm -rf "/usr/share/$kind"/*
done

# The image is one application's: pip may install into it.
rm -f /usr/lib/python3*/EXTERNALLY-MANAGED
library="$(echo /usr/local/lib/python3.*)"
ln -s dist-packages "$library/site-packages"
ln -s /usr/bin/python3 /usr/local/bin/python3
ln -s python3 /usr/local/bin/python
set -- /usr/share/python-wheels/pip-*.whl
python3 "$1/pip" install --quiet --root-user-action=ignore --no-index \
  --find-links /usr/share/python-wheels pip setuptools

sh /recipes/trust.sh
