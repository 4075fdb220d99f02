"""What each word of the command line does: it ties configuration, run directory, engine and front end together.

Everything heavy is imported by the action that needs it: a `--help` or a bad project file answers at once.
"""

from msopt_tui.actions.doctoring import doctor as doctor
from msopt_tui.actions.projects import check as check
from msopt_tui.actions.projects import edit as edit
from msopt_tui.actions.projects import new as new
from msopt_tui.actions.projects import queue as queue
from msopt_tui.actions.projects import schema as schema
from msopt_tui.actions.reading import compare as compare
from msopt_tui.actions.reading import export as export
from msopt_tui.actions.reading import history as history
from msopt_tui.actions.reading import reindex as reindex
from msopt_tui.actions.reading import show as show
from msopt_tui.actions.running import attach as attach
from msopt_tui.actions.running import branch as branch
from msopt_tui.actions.running import replay as replay
from msopt_tui.actions.running import resume as resume
from msopt_tui.actions.running import run as run
from msopt_tui.actions.running import send as send
from msopt_tui.actions.running import stop as stop
