"""Pages in a headless browser, as wide as a phone and as a screen."""

import functools
import json
import queue
import shutil
import subprocess
import tempfile
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

WIDTHS = 390, 1400
# Shows each page in a frame, which can be narrower than a window, and sends
# what it measures. A table or a line of code may scroll within the page.
SCRIPT = """<!doctype html><body><script>
const pages = PAGES, widths = WIDTHS, found = [];
const reached = (load) => new Promise((done) => load(done));
function scrolls(element, view) {
  for (let e = element.parentElement; e.localName != 'body';
       e = e.parentElement)
    if (['auto', 'scroll'].includes(view.getComputedStyle(e).overflowX))
      return true;
  return false;
}
async function look(page, width) {
  const frame = document.createElement('iframe');
  frame.style = `border: 0; height: 900px; width: ${width}px`;
  document.body.append(frame);
  await reached((done) => { frame.onload = done; frame.src = page; });
  const view = frame.contentWindow, root = frame.contentDocument;
  const html = root.documentElement, images = [...root.images];
  images.forEach((i) => { i.loading = 'eager'; });
  await Promise.all(images.filter((i) => !i.complete).map(
    (i) => reached((done) => { i.onload = i.onerror = done; })));
  await reached((done) => setTimeout(done, 100));
  const content = root.querySelector('main') ?? root.body;
  found.push({
    page, width,
    images: images.length,
    tables: root.querySelectorAll('table').length,
    broken: images.filter((i) => !i.naturalWidth).map((i) => i.src),
    overflow: html.scrollWidth - html.clientWidth,
    cut: [...content.querySelectorAll('*')].filter(
      (e) => e.getBoundingClientRect().right > width + 1 && !scrolls(e, view)
    ).map((e) => e.outerHTML.slice(0, 200)),
  });
  frame.remove();
}
(async () => {
  for (const page of pages)
    for (const width of widths) await look(page, width);
  await fetch('/found', {method: 'POST', body: JSON.stringify(found)});
})();
</script>"""


class _Server(SimpleHTTPRequestHandler):
    """Files of a folder, and the page that looks at them."""

    def log_message(self, *args):
        """Say nothing."""

    def send_error(self, code, *args, **kwargs):
        """Remember what is missing."""
        if self.path != '/favicon.ico':
            self.server.missing.append(self.path)
        super().send_error(code, *args, **kwargs)

    def do_GET(self):
        """Send a file or the script."""
        if self.path == '/look':
            self._send(self.server.script.encode())
        else:
            super().do_GET()

    def do_POST(self):
        """Receive what was measured."""
        size = int(self.headers['Content-Length'])
        self.server.found.put(json.loads(self.rfile.read(size)))
        self._send(b'')

    def _send(self, content):
        self.send_response(200)
        self.send_header('Content-Type', 'text/html')
        self.end_headers()
        self.wfile.write(content)


def look_at(folder: Path, pages: list[str], timeout: float = 120):
    """Open pages of a folder at both widths; the test skips without browser.

    Args:
        folder: Is served to the browser.
        pages: Paths in it.
        timeout: Seconds for all of them.

    Returns:
        What was measured, a dict a page and width, and the faults: messages
        of the console, files that are missing, pictures that do not load,
        pages that scroll sideways and elements that reach out of them.
    """
    browser = shutil.which('chromium') or shutil.which('google-chrome')
    if browser is None:
        pytest.skip('needs chromium or google-chrome')
    handler = functools.partial(_Server, directory=str(folder))
    with (
        ThreadingHTTPServer(('127.0.0.1', 0), handler) as server,
        # The browser writes into its profile until it has ended.
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
    ):
        server.found, server.missing = queue.Queue(), []
        server.script = SCRIPT.replace('PAGES', json.dumps(pages)).replace(
            'WIDTHS', json.dumps(WIDTHS)
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        log = Path(profile) / 'log.txt'
        with log.open('w') as stderr:
            process = subprocess.Popen(
                [
                    browser,
                    '--headless',
                    '--no-sandbox',
                    '--disable-gpu',
                    '--remote-debugging-port=0',
                    '--enable-logging=stderr',
                    f'--user-data-dir={profile}',
                    f'--window-size={max(WIDTHS) + 100},1000',
                    f'http://127.0.0.1:{server.server_port}/look',
                ],
                stderr=stderr,
            )
        try:
            found = server.found.get(timeout=timeout)
        except queue.Empty:
            pytest.fail(log.read_text()[-3000:])
        finally:
            process.terminate()
            process.wait(timeout=30)
            server.shutdown()
        console = [x for x in log.read_text().splitlines() if 'CONSOLE' in x]
        return found, console + server.missing + [
            row
            for row in found
            if row['broken'] or row['overflow'] > 0 or row['cut']
        ]
