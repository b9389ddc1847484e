"""A shop on FastAPI and SQLite, against the emulator: `python -m examples.shop`.

Each file has one subject, and is meant to be copied from:

    settle.py          an order brought up to date: the amount check, once whoever asks and however often
    refunds.py         giving money back once, though an answer may be lost and the shop may crash
    subscriptions.py   a billing key from the window, its first charge, and its end
    renewals.py        the next charge of a subscription, by payment schedule
    webhooks.py        PortOne calls; webhook_store.py remembers what was handled
    sweep.py           what neither webhook nor redirect brought to its end
    live.py            the page follows the order by server-sent events
    problems.py        pages for errors
    orders.py, window.py, pages.py, desk.py, views.py    the shop itself
    app.py, shop.py, settings.py, database.py, tables.py, forms.py, guard.py    what holds it together
"""
