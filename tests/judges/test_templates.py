"""cfn-lint and checkov find nothing in the templates; what checkov may find stands in exceptions.yml."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
EXCEPTIONS = yaml.safe_load((Path(__file__).parent / "exceptions.yml").read_text())
BIN = Path(sys.executable).parent


def judged(*words: str | Path, cwd: Path) -> Any:
    """What a judge prints, as JSON."""
    done = subprocess.run([str(one) for one in words], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.stdout.strip(), done.stderr
    return json.loads(done.stdout)


def linted(folder: Path) -> list[str]:
    words = ("--format", "json", "--region", "eu-central-1", "--", *sorted(folder.glob("*.json")))
    found = judged(BIN / "cfn-lint", *words, cwd=folder)
    return [f"{Path(one['Filename']).name}: {one['Rule']['Id']} {one['Message']}" for one in found]


def checked(folder: Path) -> dict[str, Any]:
    words = ("--framework", "cloudformation", "--compact", "--quiet", "--output", "json", "--skip-download")
    found: dict[str, Any] = judged(BIN.parent / "checkov/bin/checkov", "--directory", ".", *words, cwd=folder)
    return found


def test_cfn_lint_finds_no_error_and_no_warning(templates: Path) -> None:
    assert linted(templates) == []


def test_checkov_finds_what_is_explained_and_nothing_else(templates: Path) -> None:
    found = checked(templates)
    assert found["summary"]["passed"] > 200
    assert found["summary"]["parsing_errors"] == 0
    failed = {
        (one["check_id"], one["resource"].split(".")[0]): f"{one['file_path']} {one['check_name']}"
        for one in found["results"]["failed_checks"]
    }
    explained = {(one["check"], one["type"]) for one in EXCEPTIONS}
    assert {key: said for key, said in failed.items() if key not in explained} == {}
    assert explained - failed.keys() == set(), "explained, and found no more"


def test_both_judges_see_what_is_wrong(tmp_path: Path) -> None:
    template = {
        "Resources": {
            "Group": {
                "Type": "AWS::EC2::SecurityGroup",
                "Properties": {
                    "GroupDescription": "all",
                    "SecurityGroupIngress": [
                        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}
                    ],
                    "VpcId": {"Ref": "Nobody"},
                },
            }
        }
    }
    (tmp_path / "bad.json").write_text(json.dumps(template))
    assert any("Nobody" in one for one in linted(tmp_path))
    assert "CKV_AWS_24" in {one["check_id"] for one in checked(tmp_path)["results"]["failed_checks"]}
