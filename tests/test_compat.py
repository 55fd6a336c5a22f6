"""Differences between the distributions of the host packages."""

import os
import subprocess
import sys
import time

import pytest


def test_no_word_on_missing_extras():
    code = 'import mmseg_usrn'
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stdout == ''


@pytest.mark.slow
def test_waits_until_another_process_has_written_the_cache(tmp_path):
    env = {**os.environ, 'XDG_CACHE_HOME': str(tmp_path)}
    subprocess.run([sys.executable, '-c', 'import yapf'], env=env, check=True)
    (cache,) = tmp_path.rglob('PatternGrammar*')
    content = cache.read_bytes()
    cache.write_bytes(b'')
    code = (
        'from mmseg_usrn.compat import wait_for_yapf\n'
        'print("starts", flush=True)\n'
        'wait_for_yapf()\n'
        'import yapf\n'
    )
    with subprocess.Popen(
        [sys.executable, '-c', code], env=env, stdout=subprocess.PIPE
    ) as process:
        while process.stdout.readline() != b'starts\n':
            assert process.poll() is None
        time.sleep(1)
        assert process.poll() is None, 'waits'
        cache.write_bytes(content)
        assert process.wait(60) == 0
