"""Narrow columns break no word."""

from __future__ import annotations

import io

import pytest

from pipeline.text import fitted, shortened, wrapped

ARN = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"


@pytest.mark.parametrize(
    ("text", "width", "short"),
    [("short", 5, "short"), ("arn:aws:acm:…:certificate", 11, "arn:a…icate"), ("abcdef", 2, "a…"), ("abcdef", 1, "…")],
)
def test_a_long_value_keeps_both_ends(text: str, width: int, short: str) -> None:
    assert shortened(text, width) == short


def test_prose_is_wrapped_at_its_words_and_only_a_longer_word_is_shortened() -> None:
    assert wrapped("built from its Go module", 12) == ["built from", "its Go", "module"]
    assert wrapped(f"see {ARN}", 20) == ["see", shortened(ARN, 20)]
    assert wrapped("", 20) == [""]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "pulumi up --refresh -s prod; then kubectl -n platform rollout restart deployments/backend",
            ["pulumi up --refresh -s prod; then", "kubectl -n platform rollout restart deployments/backend"],
        ),
        (
            "make it: `cp Pulumi.dev.yaml Pulumi.a.yaml`, fill it in",
            ["make it:", "`cp Pulumi.dev.yaml Pulumi.a.yaml`, fill", "it in"],
        ),
        (
            "aws elbv2 modify-load-balancer-attributes --attributes Key=a,Value=b, for it",
            ["aws elbv2 modify-load-balancer-attributes --attributes Key=a,Value=b,", "for it"],
        ),
        (
            "make a record for it that leads to the right place",
            ["make a record for it that leads to the", "right place"],
        ),
        (
            "write: pulumi config set platformUrl https://example.com",
            ["write:", "pulumi config set platformUrl https://example.com"],
        ),
    ],
)
def test_a_command_is_kept_in_one_line_to_be_copied(text: str, lines: list[str]) -> None:
    assert wrapped(text, 40, whole=True) == lines


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_lines_are_wrapped_to_the_width_of_a_terminal_and_whole_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    text = f"prod: 1 updated\n  update  proxy (kubernetes:apps/v1:Deployment): spec.x 1 → 2\n\n{ARN}"
    assert fitted(text, io.StringIO()) == text
    assert fitted(text, Terminal()).splitlines() == [
        "prod: 1 updated",
        "  update  proxy",
        "    (kubernetes:apps/v1:Deployment):",
        "    spec.x 1 → 2",
        "",
        ARN,
    ]
