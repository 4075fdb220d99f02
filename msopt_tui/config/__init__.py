"""The project file: its tables (`schema`), how it is read (`load`) and how it can be wrong (`errors`)."""
