"""What is said on the wire: vectors, properties, mutations, the command `jt808`, generated files."""
