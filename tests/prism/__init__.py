"""Every operation against Prism, a mock server that nobody here wrote, serving the vendored document."""
