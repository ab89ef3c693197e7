/* SPDX-License-Identifier: Apache-2.0 */
/* remote_url: servers, invitations and pairings as one line; printed and parsed, it is the same. */
#include "remote/remote_url.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char text[REMOTE_URL_TEXT_BYTES], text_again[REMOTE_URL_TEXT_BYTES];
	struct remote_url url, again;

	if (remote_url_parse(&url, span_of(data, n), NULL) < 0)
		return 0;
	remote_url_print(text, &url);
	FUZZ_TRUE(remote_url_parse(&again, span_str(text), NULL) == 0);
	remote_url_print(text_again, &again);
	FUZZ_TRUE(strcmp(text, text_again) == 0 && again.kind == url.kind &&
		  again.port == url.port);
	FUZZ_TRUE(again.tls == url.tls && again.pinned == url.pinned);
	again = remote_url_server(&url);
	FUZZ_TRUE(again.kind == REMOTE_URL_SERVER && strcmp(again.host, url.host) == 0);
	return 0;
}
