"""A stand-in of the AWS Load Balancer Controller for Ingresses, strict where the original would be lenient.

``annotations`` parses, ``model`` turns Ingresses and Services into the load balancer they ask for (both pure), ``aws``
makes it so, and ``controller`` watches, calls them in turn and reports on the Ingresses.
"""
