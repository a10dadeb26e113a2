"""connection.py over urllib.request's opener, with a handler that keeps the connection.

It goes behind http_client.py, and replaces what makes a request there.
"""

import urllib.request


class KeepingHandler(urllib.request.BaseHandler):
    def __init__(self, http):
        self.http = http

    def https_open(self, request):
        headers = {**request.headers, **request.unredirected_hdrs}
        self.http.request(request.get_method(), request.selector, request.data, headers)
        response = self.http.getresponse()
        response.msg = response.reason
        return response


def exchange(self, path, body, headers):
    opener = urllib.request.OpenerDirector()
    opener.add_handler(KeepingHandler(self._http))
    opener.add_handler(urllib.request.HTTPErrorProcessor())
    request = urllib.request.Request(self._url.geturl() + path, body, headers)
    with opener.open(request) as response:
        return response.status, response.read()


Connection.exchange = exchange
