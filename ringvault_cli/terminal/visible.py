"""Text that can't steer a terminal: what has no glyph is shown as an escape."""


def visible(text: str) -> str:
    r"""Return the text with every character that can't be printed as its escape, such as `\x1b`.

    Escaped are control characters (line ends too), marks that turn the direction of writing, lone
    surrogates, and spaces other than the usual one: all that `str.isprintable` calls unprintable.
    """
    if text.isprintable():
        return text
    return "".join(it if it.isprintable() else _escaped(it) for it in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
