"""Files that were good, and then spoiled in a few places."""

from hypothesis import strategies as st


@st.composite
def spoiled(draw: st.DrawFn, files: st.SearchStrategy[bytes], tokens: tuple[bytes, ...] = (b"",)) -> bytes:
    """Draw a file, and up to four places in which something else stands: odd bytes, a token, a piece of itself, or nothing."""
    content = draw(files)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.sampled_from([0, 1, 2, 4, 20, 10_000])))
        other = draw(st.integers(0, len(content)))
        piece = draw(
            st.one_of(
                st.binary(max_size=4), st.sampled_from(tokens), st.just(content[other : other + (end - start) % 500])
            )
        )
        content = content[:start] + piece + content[end:]
    return content
