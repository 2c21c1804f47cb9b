"""The wire between Blender and the compute backend, and the conventions both sides keep.

Conventions on the wire, in files and in Blender (the backend converts at its edges):

- Pictures are rows top to bottom, columns left to right, channels last. ``Submit.transfer`` says
  whether the values are sRGB-encoded or linear. Results are linear RGB.
- Camera space is Blender's camera (OpenGL): x right, y up, z toward the viewer. Normals are unit
  length and point out of the surface. n_z may be negative at grazing pixels of wide perspective
  views and is never clamped.
- Depth is the distance along the viewing axis, positive into the scene. Its scale is free: the
  median is 1 in a perspective picture; in an orthographic one the unit is a pixel of the picture
  and depth is measured from the plane of its median. The optical axis is x = y = 0.
- Gaussians: means in camera space, quaternions wxyz, scales are standard deviations, opacities and
  albedo in 0..1, albedo linear.
- Light directions point from the surface toward the light.

Inside the backend everything is the OpenCV camera instead: x right, y down, z forward.
"""

PROTOCOL_VERSION = 2
"""One integer: both sides must agree. Raised whenever a message changes its meaning."""
