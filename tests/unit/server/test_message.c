/* SPDX-License-Identifier: Apache-2.0 */
/* message: what is written to people about alarms, and to whom it may go. */
#include "upkeep/message.h"

#include <json-c/json.h>
#include <sodium.h>

#include "unit.h"

static const struct catalog_delivery two[] = {
	{ .id = 7,
	  .channel = ALARM_BY_MAIL,
	  .alarm = { .id = 3,
		     .account = { { 0xaa, 0xbb, 0xcc, 0xdd, 0xee } },
		     .device = { { 1, 2, 3, 4, 5 } },
		     .kind = ALARM_SILENCE,
		     .raised_unix_ms = 1800000000000,
		     .since_unix_ms = 1799700000000,
		     .number = 3 * 86400 } },
	{ .id = 9,
	  .channel = ALARM_BY_MAIL,
	  .ended = true,
	  .alarm = { .id = 2,
		     .account = { { 0xaa, 0xbb, 0xcc, 0xdd, 0xee } },
		     .kind = ALARM_QUOTA,
		     .raised_unix_ms = 1790000000000,
		     .since_unix_ms = 1790000000000,
		     .ended_unix_ms = 1800000000000,
		     .number = 93 } },
};

static const struct message message = {
	.deliveries = two, .n = 2, .server = "https://box.example.org", .now_unix_ms = 1800000001000
};

static void
addresses_that_a_head_could_not_hold_are_refused(void **state)
{
	static const char *const good[] = {
		"a@b",
		"anna@example.org",
		"anna.b+alarms_1@mail-1.example.org",
		"o'neill@example.org",
		"!#$%&'*+-/=?^_`{|}~@example.org",
	};
	static const char *const bad[] = {
		"",
		"anna",
		"@example.org",
		"anna@",
		"anna@@example.org",
		"anna@b@example.org",
		"anna @example.org",
		" anna@example.org",
		"anna@example.org\r\nBcc: eve@example.org",
		"anna@example.org\nX",
		"anna\n@example.org",
		"anna\t@example.org",
		"<anna@example.org>",
		"\"anna\"@example.org",
		"anna@example.org,eve@example.org",
		"anna@example.org eve@example.org",
		"anna@[127.0.0.1]",
		"anna@example.org.",
		"anna@.example.org",
		"anna@-example.org",
		"-oQ/tmp@example.org",
		"anna;eve@example.org",
		"\xc3\xa4@example.org",
		"anna@ex\x01mple.org",
		"anna\\@example.org",
		"(x)anna@example.org",
	};
	AUTO(buf_clear) struct buf out = BUF_INIT(MESSAGE_BYTES_MAX);
	struct err err;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(good); i++)
		if (mail_address_check(good[i], &err) < 0)
			fail_msg("%s: %s", good[i], err.msg);
	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		if (mail_address_check(bad[i], &err) == 0)
			fail_msg("%s was let through", bad[i]);
		assert_int_equal(err.code, ERR_USAGE);
		/* and again where the mail is written, whatever the catalog says */
		assert_int_equal(message_mail(&out, &message, "b@example.org", bad[i], &err), -1);
		assert_int_equal(message_mail(&out, &message, bad[i], "b@example.org", &err), -1);
		assert_int_equal(out.n, 0);
	}
}

static void
webhooks_are_https_and_nothing_else(void **state)
{
	static const struct {
		const char *url;
		int rc;
	} cases[] = {
		{ "https://example.org/hook?a=b", 0 },
		{ "https://[2001:db8::1]:8443/", 0 },
		{ "http://example.org/", -1 },
		{ "file:///etc/passwd", -1 },
		{ "https://", -1 },
		{ "https:///x", -1 },
		{ "https://example.org/\r\nX: y", -1 },
		{ "https://example.org/ x", -1 },
		{ "HTTPS://example.org/", -1 },
		{ "https://example.org/\"", -1 },
		{ "https://ex\xc3\xa4mple.org/", -1 },
		{ "", -1 },
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++)
		if (webhook_check(cases[i].url, &err) != cases[i].rc)
			fail_msg("%s", cases[i].url);
}

/* The mail's text, out of its base64. */
static void
body_of(char *out, size_t n, const struct buf *mail)
{
	const char *body = strstr(buf_str(mail), "\r\n\r\n");
	size_t got;

	assert_non_null(body);
	body += 4;
	assert_int_equal(sodium_base642bin((uint8_t *)out, n - 1, body, strlen(body), "\r\n", &got,
					   NULL, sodium_base64_VARIANT_ORIGINAL),
			 0);
	out[got] = '\0';
}

/* RFC 5322: lines end with CR LF and have at most 78 characters; nothing but ASCII. */
static void
check_lines(const struct buf *mail)
{
	size_t line = 0;

	for (size_t i = 0; i < mail->n; i++) {
		assert_true(mail->p[i] < 0x80);
		if (mail->p[i] == '\n') {
			assert_true(i > 0 && mail->p[i - 1] == '\r');
			line = 0;
		} else if (mail->p[i] != '\r') {
			assert_true(++line <= 78);
		}
	}
}

static void
a_mail_names_accounts_and_devices_by_short_ids_only(void **state)
{
	AUTO(buf_clear) struct buf mail = BUF_INIT(MESSAGE_BYTES_MAX);
	AUTO(buf_clear) struct buf again = BUF_INIT(MESSAGE_BYTES_MAX);
	char text[4096];
	struct err err;

	(void)state;
	assert_int_equal(message_mail(&mail, &message, "box@example.org", "anna@example.net", &err),
			 0);
	check_lines(&mail);
	const char *head = buf_str(&mail);
	assert_non_null(strstr(head, "Date: Fri, 15 Jan 2027 08:00:01 +0000\r\n"));
	assert_non_null(strstr(head, "From: Cloudbox <box@example.org>\r\n"));
	assert_non_null(strstr(head, "To: <anna@example.net>\r\n"));
	assert_non_null(strstr(head, "Subject: Cloudbox: 2 notices about account aabbccdd\r\n"));
	assert_non_null(strstr(head, "Auto-Submitted: auto-generated\r\n"));
	body_of(text, sizeof text, &mail);
	assert_non_null(strstr(text, "Account aabbccdd on https://box.example.org:"));
	assert_non_null(strstr(text,
			       "- Device 01020304 has not come since 2027-01-11T20:40:00Z. It "
			       "had said that it would come again within 3 days."));
	assert_non_null(strstr(text, "- The account is well below its quota again."));
	assert_null(strstr(text, "0102030405"));
	assert_null(strstr(text, "aabbccddee"));
	assert_null(strstr(head, "aabbccddee"));

	/* Sent again, it is the same mail to whoever compares. */
	struct message later = message;
	later.now_unix_ms += 60000;
	assert_int_equal(message_mail(&again, &later, "box@example.org", "anna@example.net", &err),
			 0);
	const char *id = strstr(head, "Message-ID: "),
		   *id_again = strstr(buf_str(&again), "Message-ID: ");
	assert_memory_equal(id, id_again, strcspn(id, "\r"));
	later.n = 1;
	buf_reset(&again);
	assert_int_equal(message_mail(&again, &later, "box@example.org", "anna@example.net", &err),
			 0);
	assert_int_not_equal(memcmp(id, strstr(buf_str(&again), "Message-ID: "), strcspn(id, "\r")),
			     0);
}

static void
every_kind_has_its_sentence(void **state)
{
	(void)state;
	for (int kind = ALARM_SILENCE; kind <= ALARM_HOLD; kind++) {
		for (int ended = 0; ended < 2; ended++) {
			AUTO(buf_clear) struct buf mail = BUF_INIT(MESSAGE_BYTES_MAX);
			struct catalog_delivery d = two[ended];
			const struct message m = { &d, 1, "https://x", 1800000000000 };
			char text[4096];
			struct err err;

			d.alarm.kind = (enum alarm_kind)kind;
			d.alarm.number = 5;
			assert_int_equal(message_mail(&mail, &m, "a@b", "c@d", &err), 0);
			check_lines(&mail);
			body_of(text, sizeof text, &mail);
			assert_true(strlen(text) > 150);
			assert_string_not_equal(alarm_kind_name(d.alarm.kind), "unknown");
		}
	}
}

static void
a_webhook_gets_a_small_document(void **state)
{
	static const char expected[] =
		"{\"alarms\":["
		"{\"id\":7,\"alarm\":3,\"kind\":\"silence\",\"event\":\"raised\","
		"\"device\":\"01020304\",\"since\":\"2027-01-11T20:40:00Z\","
		"\"at\":\"2027-01-15T08:00:00Z\",\"number\":259200},"
		"{\"id\":9,\"alarm\":2,\"kind\":\"quota\",\"event\":\"ended\","
		"\"since\":\"2026-09-21T14:13:20Z\",\"at\":\"2027-01-15T08:00:00Z\",\"number\":93}]"
		","
		"\"account\":\"aabbccdd\",\"server\":\"https://box.example.org\"}";
	AUTO(buf_clear) struct buf json = BUF_INIT(MESSAGE_BYTES_MAX);
	struct err err;

	(void)state;
	assert_int_equal(message_json(&json, &message, &err), 0);
	assert_string_equal(buf_str(&json), expected);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_that_a_head_could_not_hold_are_refused),
		cmocka_unit_test(webhooks_are_https_and_nothing_else),
		cmocka_unit_test(a_mail_names_accounts_and_devices_by_short_ids_only),
		cmocka_unit_test(every_kind_has_its_sentence),
		cmocka_unit_test(a_webhook_gets_a_small_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
