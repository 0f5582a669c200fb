"""The app in the browser. Streamlit is imported here and nowhere else.

``main`` draws the frame and lists the pages; each page is one module with a function ``show()``. ``result`` shows what
an analysis found, ``parts`` holds what pages share, ``session`` what belongs to one browser tab.
"""
