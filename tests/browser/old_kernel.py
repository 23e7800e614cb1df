"""Starts ipykernel 7.3 with one repair, which its 7.4 brought: replies go through the stream.

Without it about one request in a hundred is never read, whatever the notebook (ipykernel pull
request 1529); the tests here are of our views, on the way 7.3 runs threads.
"""

from ipykernel import kernelapp
from ipykernel.subshell_manager import SubshellManager


def _send_on_shell_channel(self, message):
    kernelapp.IPKernelApp.instance().kernel.shell_stream.send_multipart(message)


SubshellManager._send_on_shell_channel = _send_on_shell_channel
kernelapp.launch_new_instance()
