# SPDX-License-Identifier: Apache-2.0
"""What the shop is made of: one row for each service. config/<name>.yaml is the other half, and tests/tools/shop_check_test.py
holds the two together."""
from dataclasses import dataclass, field

SHOP_PORT = 8080
VIEWER_PORT = 7180
OTLP_PORT = 4317


@dataclass(frozen=True)
class Service:
    name: str
    language: str
    runtime: str  # what a person reads beside the name
    inbound: int  # where the sidecar listens for the service
    app: int  # where the app itself listens
    admin: int  # the sidecar's health and metrics
    command: tuple
    outbound: dict = field(default_factory=dict)  # the app's variable -> the sidecar's port
    environment: dict = field(default_factory=dict)
    folder: str = ""

    def variables(self):
        """All an app is told: its own port and where on localhost its dependencies are."""
        told = {name: str(port) for name, port in self.outbound.items()}
        return {"PORT": str(self.app), **told, **self.environment}


SERVICES = (
    Service(
        "web", "python", "python/gunicorn", SHOP_PORT, 17180, 7190,
        ("/usr/bin/gunicorn", "--worker-class", "gthread", "--threads", "64", "--bind", "127.0.0.1:17180", "web:app"),
        {"USERS_PORT": 19001, "CART_PORT": 19002, "REVIEWS_PORT": 19003},
    ),
    Service(
        "cart", "node", "node", 17081, 17181, 7191, ("/usr/bin/node", "cart.js"), {"STOCK_PORT": 19011},
        {"NODE_PATH": "/usr/share/nodejs"},  # a Node that is not Debian's does not look there by itself
    ),
    Service(
        "stock", "ruby", "ruby/sinatra", 17082, 17182, 7192,
        ("/usr/bin/puma", "--threads", "32:32", "--bind", "tcp://127.0.0.1:17182", "config.ru"), {"PRICE_PORT": 19021},
    ),
    Service(
        "price", "php", "php/slim", 17083, 17183, 7193, ("/usr/bin/php", "-q", "-S", "127.0.0.1:17183", "index.php"),
        environment={"PHP_CLI_SERVER_WORKERS": "16"},
    ),
    Service(
        "reviews", "perl", "perl/mojolicious", 17084, 17184, 7194,
        ("/usr/bin/perl", "reviews.pl", "daemon", "--listen", "http://127.0.0.1:17184"), {"USERS_PORT": 19041},
    ),
    Service("users", "python", "python", 17085, 17185, 7195, ("/usr/bin/python3", "users.py")),
)

HEARTBEATS = ("web", "cart")  # the apps that can be told to call a dependency every 200 ms, whatever the traffic

# basket -> the status its page ends with; cart gives up on product 7 (the retry storm), and says so
BASKETS = {42: 200, 7: 502, 1: 200, 5: 200}
FIRST_BASKET = 42
STORIES = (
    "basket 42: N+1, cart asks stock for one line after the other; and product 13 answers 503",
    "basket 7: a retry storm, stock tries price three times and cart tries stock three times: nine failed calls for one line",
    "basket 5: a slow dependency, 180 ms in reviews",
)


def every_port():
    """Port -> who needs it, to say which one is taken before anything is started."""
    ports = {VIEWER_PORT: "the viewer's page", OTLP_PORT: "the viewer's OTLP receiver"}
    for service in SERVICES:
        ports[service.inbound] = f"the sidecar of {service.name} (inbound)"
        ports[service.app] = f"the app {service.name}"
        ports[service.admin] = f"the sidecar of {service.name} (admin)"
        for port in service.outbound.values():
            ports[port] = f"the sidecar of {service.name} (outbound)"
    return ports
