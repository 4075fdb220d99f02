"""The one door between a front end and a run: the same for an engine in a host process, in this one, or long gone."""
