"""An example shop on FastAPI and SQLite or PostgreSQL, run against the emulator: `python -m examples.shop`.

Each file has one subject and can be copied on its own:

    settle.py          brings an order up to date: checks the amount, ships once, whoever calls and however often
    refunds.py         refunds once, even when a response is lost or the shop crashes
    subscriptions.py   a billing key from the card window, the first charge, the end of a subscription
    renewals.py        the next charge of a subscription, by payment schedule
    webhooks.py        PortOne's webhooks
    sweep.py           finishes what neither a webhook nor a redirect has finished
    events.py          server-sent events that keep an open page up to date
    error_pages.py     pages for errors
    orders.py, window.py, pages.py, admin.py, views.py              the shop itself
    app.py, shop.py, settings.py, clock.py, database.py, tables.py, forms.py, guard.py    the parts it is built from
"""
