"""The template's bucket and its policy on the stricter server: made, and read back whole."""

import pytest

from local.cloudformation.provision.stack import provision
from local.moto.clients import Aws
from local.places import ROOT
from tests.rehearsal.comparison import properties_of
from tests.rehearsal.makers import REHEARSED
from tests.rehearsal.read_back import read_back
from tests.rehearsal.variants import ACCESS_LOGS, VARIANTS
from tests.s3_fidelity.server import remove_left_behind
from tests.support.cloud import Cloud


@pytest.mark.parametrize("variant", VARIANTS)
def test_bucket_is_as_the_template_says(cloud: Cloud, variant: str) -> None:
    """Every property of bucket and policy is taken and told as it stands in the template."""
    names = ("VaultBucket", "VaultBucketPolicy")
    resources = {name: cloud.template["Resources"][name] for name in names}
    alone = cloud.template | {"Resources": resources, "Outputs": {}}
    aws = Aws(cloud.url)
    aws.client("s3").create_bucket(Bucket=ACCESS_LOGS)

    made = provision(
        alone, parameters=VARIANTS[variant], aws=aws, code_root=ROOT, makers=REHEARSED
    ).resources

    told = [
        it
        for name in names
        for it in properties_of(
            name,
            made[name].type,
            wanted=made[name].properties,
            told=read_back(made[name], aws=aws),
        )
    ]
    for bucket in (made["VaultBucket"].resource.reference, ACCESS_LOGS):
        aws.client("s3").delete_bucket(Bucket=bucket)
        remove_left_behind(bucket)
    assert len(told) > 20
    assert [it for it in told if not it.is_as_wanted] == []
