"""The progress bar appears late and only on terminals."""

import io

from mmseg_usrn.clustering.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_bar(monkeypatch):
    now = [0.0]
    monkeypatch.setattr('time.monotonic', lambda: now[0])
    stream = Terminal()
    progress = Progress(10, stream=stream)
    now[0] = 1.0
    progress.update(1, 'iteration 1')
    assert stream.getvalue() == ''
    now[0] = 5.0
    progress.update(5, 'iteration 5')
    progress.close()
    text = stream.getvalue()
    assert text.count('#') == 12
    assert '5 s, iteration 5' in text
    assert text.endswith('\n')


def test_silent_off_terminals_and_on_other_ranks():
    for stream, visible in ((io.StringIO(), True), (Terminal(), False)):
        progress = Progress(2, visible, stream)
        progress.start -= 100
        progress.update(1, 'x')
        progress.close()
        assert stream.getvalue() == ''
