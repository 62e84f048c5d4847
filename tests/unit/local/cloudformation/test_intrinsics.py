"""What CloudFormation's intrinsic functions come to."""

from typing import Any

import pytest

from local.cloudformation.intrinsics import Scope, names_in, resolve
from local.errors import TemplateError

SCOPE = Scope(
    parameters={"Reach": "90", "AWS::Region": "us-east-1"},
    conditions={
        "IsLong": {"Fn::Equals": [{"Ref": "Reach"}, 90]},
        "IsShort": {"Fn::Not": [{"Condition": "IsLong"}]},
    },
    references={"Queue": "http://queue"},
    attributes={"Queue": {"Arn": "arn:queue"}},
)


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({"Ref": "Reach"}, "90"),
        ({"Ref": "Queue"}, "http://queue"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "arn:queue"),
        ({"Fn::GetAtt": "Queue.Arn"}, "arn:queue"),
        (
            {"Fn::Sub": "${Queue.Arn}/${Reach}/${AWS::Region}/${!Literal}"},
            "arn:queue/90/us-east-1/${Literal}",
        ),
        ({"Fn::Sub": ["${Own}-${Reach}", {"Own": {"Ref": "Queue"}}]}, "http://queue-90"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Reach"}]]}, "a-90"),
        ({"Fn::Select": ["1", {"Fn::Split": [":", "a:b"]}]}, "b"),
        ({"Fn::If": ["IsLong", "long", "short"]}, "long"),
        ({"Fn::If": ["IsShort", "short", {"Ref": "Reach"}]}, "90"),
        ({"Kept": 1, "Left": {"Ref": "AWS::NoValue"}}, {"Kept": 1}),
        ([1, {"Ref": "AWS::NoValue"}, True], [1, True]),
        ({"Condition": {"Bool": {"a": "b"}}}, {"Condition": {"Bool": {"a": "b"}}}),
    ],
)
def test_resolves(value: Any, resolved: Any) -> None:
    """Each function gives what CloudFormation would give."""
    assert resolve(value, scope=SCOPE) == resolved


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({"Fn::ImportValue": "x"}, "Fn::ImportValue"),
        ({"Ref": "Nobody"}, "Nobody"),
        ({"Fn::GetAtt": ["Queue", "Colour"]}, "Queue.Colour"),
        ({"Fn::Sub": "${Nobody}"}, "Nobody"),
        ({"Fn::If": ["Unsaid", 1, 2]}, "Unsaid"),
    ],
)
def test_names_what_it_does_not_know(value: Any, named: str) -> None:
    """An unknown function, name, attribute or condition is an error that names it."""
    with pytest.raises(TemplateError, match=named):
        resolve(value, scope=SCOPE)


def test_names_in_finds_every_reference() -> None:
    """Order of making follows from every Ref, GetAtt and Sub, however deep."""
    value = {
        "a": [{"Ref": "A"}, {"Fn::GetAtt": ["B", "Arn"]}, {"Fn::GetAtt": "C.Arn"}],
        "b": {"Fn::Sub": ["${D.Arn}${Own}${!No}", {"Own": {"Ref": "E"}}]},
    }

    assert sorted(names_in(value)) == ["A", "B", "C", "D", "E"]
