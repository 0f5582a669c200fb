"""Starts FormCheck's app: ``streamlit run app.py``, which is what ``formcheck app`` does as well.

The web server imports this for `app`, which adds FormCheck's own addresses to Streamlit's; then Streamlit
runs it as the script of each page.
"""

if __name__ == "__main__":
    from formcheck.app.main import main

    main()
else:
    import streamlit as st

    from formcheck.app.downloads import ROUTES
    from formcheck.app.server.lifetime import without_leftovers
    from formcheck.app.server.routes import routes

    app = st.App(__file__, routes=[*ROUTES, *routes()], lifespan=without_leftovers)
