"""The API reference of the documentation site, in English and Korean: written from `openapi/` when the site is built."""
