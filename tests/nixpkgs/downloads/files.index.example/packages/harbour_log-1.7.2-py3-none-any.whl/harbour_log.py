"""Lines of a log."""


def line(text):
    return f"harbour: {text}"
