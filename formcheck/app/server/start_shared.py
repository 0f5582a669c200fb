"""Starts the phone's page; see `formcheck.app.server.lifetime`."""

if __name__ == "__main__":
    from formcheck.app.main import main

    main()
else:
    import sys

    import streamlit as st
    from starlette.middleware import Middleware

    from formcheck.app.server.gate import Gate
    from formcheck.app.server.lifetime import from_parent
    from formcheck.app.server.routes import routes

    told = from_parent(sys.stdin)
    app = st.App(
        __file__, routes=routes(), middleware=[Middleware(Gate, share=told.share)], lifespan=told.without_key_on_disk
    )
