"""The course as data: lessons and steps, what is proven, what it costs. `lessons/` holds a file per lesson."""
