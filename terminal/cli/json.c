/* SPDX-License-Identifier: Apache-2.0 */
/* json: what --json prints; see cli.h.  The library is json-c. */
#include "cli/cli.h"

#include <assert.h>
#include <unistr.h>

#include "base/buf.h"
#include "base/when.h"
#include "box/box.h"
#include "os/spool.h"

#define TEXT_BYTES_MAX (16u << 20)

static struct json_object *
noted(struct cli *cli, struct json_object *o)
{
	if (!o)
		cli->json_failed = true;
	return o;
}

struct json_object *
json_list(struct cli *cli)
{
	return noted(cli, json_object_new_array());
}

struct json_object *
json_record(struct cli *cli)
{
	return noted(cli, json_object_new_object());
}

struct json_object *
json_push(struct cli *cli, struct json_object *list)
{
	struct json_object *o = json_record(cli);

	if (o && json_object_array_add(list, o) < 0) {
		json_object_put(o);
		return noted(cli, NULL);
	}
	return o;
}

void
json_put(struct cli *cli, struct json_object *o, const char *key, struct json_object *value)
{
	if (o && json_object_object_add(o, key, value) == 0)
		return;
	json_object_put(value);
	cli->json_failed = true;
}

/* Append @s to @out, each byte that begins no character as U+FFFD. */
static int
append_repaired(struct buf *out, const char *s)
{
	size_t left = strlen(s);

	while (left) {
		ucs4_t uc;
		int n = u8_mbtoucr(&uc, (const uint8_t *)s, left);

		if (n > 0 ? buf_append(out, span_of(s, (size_t)n), NULL)
			  : buf_append_str(out, "\xef\xbf\xbd", NULL))
			return -1;
		s += n > 0 ? n : 1;
		left -= n > 0 ? (size_t)n : 1;
	}
	return 0;
}

void
json_put_text(struct cli *cli, struct json_object *o, const char *key, const char *value)
{
	AUTO(buf_clear) struct buf repaired = BUF_INIT(TEXT_BYTES_MAX);

	if (!value) {
		json_put(cli, o, key, NULL);
		return;
	}
	if (u8_check((const uint8_t *)value, strlen(value))) {
		if (append_repaired(&repaired, value) < 0)
			cli->json_failed = true;
		value = buf_str(&repaired);
	}
	json_put(cli, o, key, noted(cli, json_object_new_string(value)));
}

void
json_put_number(struct cli *cli, struct json_object *o, const char *key, uint64_t value)
{
	json_put(cli, o, key, noted(cli, json_object_new_uint64(value)));
}

void
json_put_flag(struct cli *cli, struct json_object *o, const char *key, bool value)
{
	json_put(cli, o, key, noted(cli, json_object_new_boolean(value)));
}

void
json_put_when(struct cli *cli, struct json_object *o, const char *key, int64_t at_unix_ms)
{
	char text[WHEN_TEXT_BYTES];

	if (!at_unix_ms) {
		json_put(cli, o, key, NULL);
		return;
	}
	when_print(text, at_unix_ms);
	json_put_text(cli, o, key, text);
}

void
json_result(struct cli *cli, struct json_object *value)
{
	json_object_put(cli->result);
	cli->result = value;
}

void
json_now(struct cli *cli, struct json_object *value)
{
	printf("%s\n", json_object_to_json_string_ext(value, JSON_C_TO_STRING_NOSLASHESCAPE));
	fflush(stdout);
	json_object_put(value);
	cli->json_told = true;
}

void
json_changed(struct cli *cli, uint64_t n)
{
	struct json_object *o = json_record(cli);

	json_put_number(cli, o, "changed", n);
	json_result(cli, o);
}

/* ---- written down as it comes ---- */

static int
put_text(struct cli *cli, const char *text, struct err *err)
{
	return spool_put(cli->document.text, span_str(text), err);
}

/* A comma where something stands before, and the key. */
static int
put_key(struct cli *cli, const char *key, struct err *err)
{
	struct json_document *d = &cli->document;
	AUTO(buf_clear) struct buf text = BUF_INIT(TEXT_BYTES_MAX);

	if (d->filled[d->depth] && buf_append_str(&text, ", ", err) < 0)
		return -1;
	d->filled[d->depth] = true;
	if (key && buf_append_fmt(&text, err, "\"%s\": ", key) < 0)
		return -1;
	return text.n ? put_text(cli, buf_str(&text), err) : 0;
}

int
json_open(struct cli *cli, const char *key, char bracket, struct err *err)
{
	struct json_document *d = &cli->document;
	const char text[] = { bracket, '\0' };

	assert(d->depth < JSON_DEPTH_MAX);
	if (!d->text && spool_new(&d->text, cli->box ? box_home_fd(cli->box) : -1, err) < 0)
		return -1;
	if (put_key(cli, key, err) < 0 || put_text(cli, text, err) < 0)
		return -1;
	d->closing[++d->depth] = bracket == '{' ? '}' : ']';
	d->filled[d->depth] = false;
	return 0;
}

int
json_add(struct cli *cli, const char *key, struct json_object *value, struct err *err)
{
	int rc = put_key(cli, key, err);

	if (rc == 0)
		rc = put_text(cli,
			      json_object_to_json_string_ext(value, JSON_C_TO_STRING_NOSLASHESCAPE),
			      err);
	json_object_put(value);
	return rc;
}

int
json_add_number(struct cli *cli, const char *key, uint64_t value, struct err *err)
{
	return json_add(cli, key, noted(cli, json_object_new_uint64(value)), err);
}

int
json_close(struct cli *cli, struct err *err)
{
	struct json_document *d = &cli->document;
	const char text[] = { d->closing[d->depth], '\0' };

	assert(d->depth > 0);
	d->depth--;
	return put_text(cli, text, err);
}
