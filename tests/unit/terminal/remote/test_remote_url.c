/* SPDX-License-Identifier: Apache-2.0 */
/* remote_url: addresses as people paste them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "remote/remote_url.h"

#define PIN  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define CODE "AAECAwQFBgcICQoLDA0ODw"

static struct remote_url
parsed(const char *line)
{
	struct remote_url u;
	struct err err = { 0 };

	if (remote_url_parse(&u, span_str(line), &err) < 0)
		fail_msg("%s: %s", line, err.msg);
	return u;
}

static void
an_address_is_printed_as_it_was_read(void **state)
{
	static const char *const lines[] = {
		"https://box.example:8467/",
		"https://box.example:8467/#pin=" PIN,
		"https://box.example:443/i/" CODE "#pin=" PIN,
		"https://box.example:8467/i/" CODE,
		"https://box.example:8467/p/" CODE "#pin=" PIN "&s=" PIN,
		"https://192.0.2.7:8467/#pin=" PIN,
		"https://[2001:db8::7]:8467/#pin=" PIN,
		"http://127.0.0.1:40001/",
		"http://localhost:8467/i/" CODE,
		"http://[::1]:8467/",
	};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct remote_url u = parsed(lines[i]);
		char again[REMOTE_URL_TEXT_BYTES];

		remote_url_print(again, &u);
		assert_string_equal(again, lines[i]);
	}
}

static void
an_invitation_has_code_and_pin(void **state)
{
	struct remote_url u = parsed("  HTTPS://Box.Example/i/" CODE "#pin=" PIN "&later=1 \r\n");
	struct remote_url server = remote_url_server(&u);
	char line[REMOTE_URL_TEXT_BYTES];

	(void)state;
	assert_int_equal(u.kind, REMOTE_URL_INVITATION);
	assert_true(u.tls && u.pinned);
	assert_string_equal(u.host, "box.example");
	assert_int_equal(u.port, REMOTE_PORT_DEFAULT);
	for (uint8_t i = 0; i < REMOTE_PIN_BYTES; i++)
		assert_int_equal(u.pin[i], i);
	for (uint8_t i = 0; i < REMOTE_CODE_BYTES; i++)
		assert_int_equal(u.code[i], i);
	remote_url_print(line, &server);
	assert_string_equal(line, "https://box.example:8467/#pin=" PIN);
}

static void
one_host_has_one_spelling(void **state)
{
	static const struct {
		const char *line, *host;
		uint16_t port;
	} cases[] = {
		{ "https://BOX.Example", "box.example", REMOTE_PORT_DEFAULT },
		{ "https://box.example:", "box.example", REMOTE_PORT_DEFAULT },
		{ "https://box.example:443", "box.example", 443 },
		{ "https://b\xc3\xbcro.example/", "b\xc3\xbcro.example", REMOTE_PORT_DEFAULT },
		{ "https://[2001:DB8:0::0007]:1/", "2001:db8::7", 1 },
		{ "https://box.example#pin=" PIN, "box.example", REMOTE_PORT_DEFAULT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct remote_url u = parsed(cases[i].line);

		assert_string_equal(u.host, cases[i].host);
		assert_int_equal(u.port, cases[i].port);
	}
}

static void
what_is_no_address_is_refused_with_a_reason(void **state)
{
	static const struct {
		const char *line, *reason;
	} cases[] = {
		{ "", "it is empty or far too long" },
		{ "box.example", "it does not begin with https://" },
		{ "ftp://box.example/", "it does not begin with https://" },
		{ "https:///", "it names no host" },
		{ "https://box.example:99999/", "its port is not between 1 and 65535" },
		{ "https://box.example:8467x/", "its port is not between 1 and 65535" },
		{ "https://box.example:+1/", "its port is not between 1 and 65535" },
		{ "https://box example/", "it is no URL" },
		{ "https://box%2eexample/", "it is no URL" },
		{ "https://[::1/", "it is no URL" },
		{ "https://[::1]8467/", "it is no URL" },
		{ "https://[box.example]/", "it is no URL" },
		{ "https://[fe80::1%25eth0]/", "it is no URL" },
		{ "https://2001:db8::7/", "its port is not between 1 and 65535" },
		{ "https://box.example:0/", "its port is not between 1 and 65535" },
		{ "https://box.example/backup", "what follows the host is neither an invitation "
						"nor a pairing" },
		{ "https://box.example/i/AAEC", "its code is cut short or mistyped" },
		{ "https://box.example/i/" CODE "A", "its code is cut short or mistyped" },
		{ "https://box.example/#pin=AAEC", "its pin is cut short or mistyped" },
		{ "https://box.example/p/" CODE "#pin=" PIN, "a pairing needs its secret" },
		{ "https://box.example/?a=1", "it has a user or a question mark" },
		{ "https://me@box.example/", "it has a user or a question mark" },
		{ "http://box.example/",
		  "without TLS (http) only this machine itself may be named" },
		{ "http://127.0.0.1.box.example/",
		  "without TLS (http) only this machine itself may be named" },
		{ "http://127.0.0.1/#pin=" PIN, "a pin without TLS (https) means nothing" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct remote_url u;
		struct err err = { 0 };
		char want[256] = "not a Cloudbox address: ";

		assert_int_equal(remote_url_parse(&u, span_str(cases[i].line), &err), -1);
		assert_int_equal(err.code, ERR_SYNTAX);
		assert_string_equal(err.msg, strcat(want, cases[i].reason));
		assert_true(err.hint[0] != 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_printed_as_it_was_read),
		cmocka_unit_test(an_invitation_has_code_and_pin),
		cmocka_unit_test(one_host_has_one_spelling),
		cmocka_unit_test(what_is_no_address_is_refused_with_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
