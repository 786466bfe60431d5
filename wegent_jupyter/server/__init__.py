"""The gateway's Jupyter face: extension, REST, Socket.IO, supervision of the embedded executor."""
