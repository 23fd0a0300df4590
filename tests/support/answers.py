"""What the tests of the exercises share: run a check, and read what it prints."""


def verdict(capsys, check, *answer, **more) -> str:
    """Return the line that the check prints."""
    check(*answer, **more)
    return capsys.readouterr().out


def refuses(capsys, message, check, *answer, **more) -> None:
    """Assert that the check refuses the answer, with a line that holds `message`."""
    said = verdict(capsys, check, *answer, **more)
    assert said.startswith("Not yet, ")
    assert message in said
