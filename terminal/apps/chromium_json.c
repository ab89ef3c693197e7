/* SPDX-License-Identifier: Apache-2.0 */
/* chromium_json: see chromium_json.h. */
#include "apps/chromium_json.h"

#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistr.h>

#include "base/bytes.h"

#define PIECE_BYTES ((size_t)64 << 10)

void
chromium_free(struct json_object *tree)
{
	json_object_put(tree);
}

/* ---- reading ---- */

int
chromium_reader_begin(struct chromium_reader *r, struct err *err)
{
	*r = (struct chromium_reader){ .tokener = json_tokener_new_ex(CHROMIUM_DEPTH_MAX) };
	if (!r->tokener)
		return err_nomem(err);
	json_tokener_set_flags(r->tokener, JSON_TOKENER_VALIDATE_UTF8);
	return 0;
}

void
chromium_reader_clear(struct chromium_reader *r)
{
	if (r->tokener)
		json_tokener_free(r->tokener);
	json_object_put(r->tree);
	*r = (struct chromium_reader){ .tokener = NULL };
}

static bool
is_blank(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!s.p[i] || !strchr(" \t\r\n", s.p[i]))
			return false;
	return true;
}

static int
syntax(enum json_tokener_error e, struct err *err)
{
	if (e == json_tokener_error_depth)
		return err_set(err, ERR_LIMIT, "Chromium's bookmarks are nested too deeply");
	return err_set(err, ERR_SYNTAX, "Chromium's file of bookmarks is damaged: %s",
		       json_tokener_error_desc(e));
}

int
chromium_reader_feed(struct chromium_reader *r, struct span piece, struct err *err)
{
	enum json_tokener_error e;

	r->bytes += piece.n;
	if (r->bytes > CHROMIUM_BYTES_MAX || piece.n > INT_MAX)
		return err_set(err, ERR_LIMIT,
			       "Chromium's file of bookmarks is larger than %zu MiB",
			       CHROMIUM_BYTES_MAX >> 20);
	if (!r->ended && piece.n) {
		r->tree = json_tokener_parse_ex(r->tokener, (const char *)piece.p, (int)piece.n);
		e = json_tokener_get_error(r->tokener);
		if (e == json_tokener_continue)
			return 0;
		if (e != json_tokener_success)
			return syntax(e, err);
		r->ended = true;
		piece = span_skip(piece, json_tokener_get_parse_end(r->tokener));
	}
	return is_blank(piece) ? 0 : syntax(json_tokener_error_parse_unexpected, err);
}

static int
check_tree(struct json_object *tree, struct err *err)
{
	struct json_object *version;

	if (json_object_object_get_ex(tree, "version", &version) &&
	    json_object_get_int64(version) != 1) {
		err_set(err, ERR_UNSUPPORTED,
			"Chromium's file of bookmarks is of a version that is not known here");
		return err_hint(err, "update Cloudbox");
	}
	if (chromium_root(tree, "bookmark_bar") && chromium_root(tree, "other"))
		return 0;
	return err_set(err, ERR_SYNTAX, "Chromium's file of bookmarks lacks its roots");
}

int
chromium_reader_end(struct json_object **out, struct chromium_reader *r, struct err *err)
{
	if (!r->ended)
		return syntax(json_tokener_error_parse_eof, err);
	if (check_tree(r->tree, err) < 0)
		return -1;
	*out = TAKE(r->tree);
	return 0;
}

int
chromium_parse(struct json_object **out, struct span text, struct err *err)
{
	AUTO(chromium_reader_clear) struct chromium_reader r = { .tokener = NULL };

	return chromium_reader_begin(&r, err) < 0 || chromium_reader_feed(&r, text, err) < 0
		       ? -1
		       : chromium_reader_end(out, &r, err);
}

int
chromium_new(struct json_object **out, int64_t now_us, struct err *err)
{
	static const char text[] =
		"{\"checksum\":\"\",\"roots\":{"
		"\"bookmark_bar\":{\"children\":[],\"date_added\":\"%lld\",\"date_last_used\":"
		"\"0\","
		"\"date_modified\":\"0\",\"guid\":\"0bc5d13f-2cba-5d74-951f-3f233fe6c908\","
		"\"id\":\"1\",\"name\":\"Bookmarks bar\",\"type\":\"folder\"},"
		"\"other\":{\"children\":[],\"date_added\":\"%lld\",\"date_last_used\":\"0\","
		"\"date_modified\":\"0\",\"guid\":\"82b081ec-3dd3-529c-8475-ab6c344590dd\","
		"\"id\":\"2\",\"name\":\"Other bookmarks\",\"type\":\"folder\"},"
		"\"synced\":{\"children\":[],\"date_added\":\"%lld\",\"date_last_used\":\"0\","
		"\"date_modified\":\"0\",\"guid\":\"4cf2e351-0e85-532b-bb37-df045d8f8d0f\","
		"\"id\":\"3\",\"name\":\"Mobile bookmarks\",\"type\":\"folder\"}},\"version\":1}";
	AUTO(buf_clear) struct buf b = BUF_INIT(4096);
	long long now = now_us;

	return buf_append_fmt(&b, err, text, now, now, now) < 0
		       ? -1
		       : chromium_parse(out, buf_span(&b), err);
}

struct span
chromium_text(struct json_object *node, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(node, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return span_of("", 0);
	return span_of(json_object_get_string(value), (size_t)json_object_get_string_len(value));
}

struct json_object *
chromium_children(struct json_object *node)
{
	struct json_object *children;

	return json_object_object_get_ex(node, "children", &children) &&
			       json_object_is_type(children, json_type_array)
		       ? children
		       : NULL;
}

struct json_object *
chromium_root(struct json_object *tree, const char *name)
{
	struct json_object *roots, *root;

	return json_object_object_get_ex(tree, "roots", &roots) &&
			       json_object_object_get_ex(roots, name, &root) &&
			       json_object_is_type(root, json_type_object)
		       ? root
		       : NULL;
}

/* ---- the checksum ---- */

static int
digest(EVP_MD_CTX *md, struct span s, struct err *err)
{
	return EVP_DigestUpdate(md, s.p, s.n) == 1 ? 0 : err_nomem(err);
}

/* Titles go in as UTF-16 (of little-endian machines). */
static int
digest_title(EVP_MD_CTX *md, struct span name, struct err *err)
{
	size_t n = 0;
	AUTO(free) uint16_t *wide = u8_to_u16(name.p, name.n, NULL, &n);
	int rc = 0;

	if (!wide)
		return name.n ? err_nomem(err) : 0;
	for (size_t i = 0; i < n && rc == 0; i++) {
		uint8_t unit[2];

		put_u16(unit, wide[i]);
		rc = digest(md, SPAN_ARRAY(unit), err);
	}
	return rc;
}

static int
digest_node(EVP_MD_CTX *md, struct json_object *node, struct err *err)
{
	bool is_url = span_equal(chromium_text(node, "type"), span_str("url"));
	struct json_object *children = chromium_children(node);

	if (digest(md, chromium_text(node, "id"), err) < 0 ||
	    digest_title(md, chromium_text(node, "name"), err) < 0 ||
	    digest(md, span_str(is_url ? "url" : "folder"), err) < 0)
		return -1;
	if (is_url)
		return digest(md, chromium_text(node, "url"), err);
	for (size_t i = 0; children && i < json_object_array_length(children); i++)
		if (digest_node(md, json_object_array_get_idx(children, i), err) < 0)
			return -1;
	return 0;
}

int
chromium_checksum(char out[static CHROMIUM_CHECKSUM_BYTES], struct json_object *tree,
		  struct err *err)
{
	static const char *const order[] = { "bookmark_bar", "other", "synced" };
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t sum[16];
	int rc = 0;

	/* Not for security: Chromium uses it to see that somebody else wrote the file. */
	if (!md || EVP_DigestInit_ex(md, EVP_md5(), NULL) != 1)
		rc = err_set(err, ERR_UNSUPPORTED, "OpenSSL of this system offers no MD5");
	for (size_t i = 0; rc == 0 && i < sizeof order / sizeof *order; i++) {
		struct json_object *root = chromium_root(tree, order[i]);

		if (root)
			rc = digest_node(md, root, err);
	}
	if (rc == 0 && EVP_DigestFinal_ex(md, sum, NULL) != 1)
		rc = err_nomem(err);
	EVP_MD_CTX_free(md);
	if (rc == 0)
		hex_encode(out, SPAN_ARRAY(sum));
	return rc;
}

/* ---- writing ---- */

struct printing {
	struct buf out;
	chromium_write_fn *fn;
	void *ctx;
};

static int
put(struct printing *p, struct span s, struct err *err)
{
	if (buf_append(&p->out, s, err) < 0)
		return -1;
	if (p->out.n < PIECE_BYTES)
		return 0;
	int rc = p->fn(p->ctx, buf_span(&p->out), err);
	buf_reset(&p->out);
	return rc;
}

static int
put_indent(struct printing *p, unsigned depth, struct err *err)
{
	for (unsigned i = 0; i < depth; i++)
		if (put(p, span_str("   "), err) < 0)
			return -1;
	return 0;
}

/* How a character stands in a string; 0: as it is. */
static int
escape(char out[static 8], struct span rest)
{
	static const char letters[] = "\"\\\b\f\n\r\t";
	static const char names[] = "\"\\bfnrt";
	const char *letter = rest.p[0] ? strchr(letters, rest.p[0]) : NULL;

	if (letter)
		return snprintf(out, 8, "\\%c", names[letter - letters]), 1;
	if (rest.p[0] < 0x20 || rest.p[0] == '<')
		return snprintf(out, 8, "\\u%04X", rest.p[0]), 1;
	/* U+2028 and U+2029 end lines in JavaScript. */
	if (rest.n >= 3 && rest.p[0] == 0xe2 && rest.p[1] == 0x80 && (rest.p[2] | 1) == 0xa9)
		return snprintf(out, 8, "\\u202%c", rest.p[2] == 0xa8 ? '8' : '9'), 3;
	return 0;
}

static int
put_string(struct printing *p, struct span s, struct err *err)
{
	size_t plain = 0;
	char code[8];

	if (put(p, span_str("\""), err) < 0)
		return -1;
	for (size_t i = 0; i < s.n;) {
		int n = escape(code, span_skip(s, i));

		if (n && (put(p, span_of(s.p + plain, i - plain), err) < 0 ||
			  put(p, span_str(code), err) < 0))
			return -1;
		i += n ? (size_t)n : 1;
		plain = n ? i : plain;
	}
	return put(p, span_skip(s, plain), err) < 0 ? -1 : put(p, span_str("\""), err);
}

static int put_value(struct printing *p, struct json_object *v, unsigned depth, struct err *err);

static int
put_array(struct printing *p, struct json_object *v, unsigned depth, struct err *err)
{
	size_t n = json_object_array_length(v);

	if (put(p, span_str("[ "), err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if ((i && put(p, span_str(", "), err) < 0) ||
		    put_value(p, json_object_array_get_idx(v, i), depth, err) < 0)
			return -1;
	return put(p, span_str(" ]"), err);
}

static int
put_object(struct printing *p, struct json_object *v, unsigned depth, struct err *err)
{
	struct json_object_iterator at = json_object_iter_begin(v), end = json_object_iter_end(v);
	const char *before = "{\n";

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at), before = ",\n")
		if (put(p, span_str(before), err) < 0 || put_indent(p, depth + 1, err) < 0 ||
		    put_string(p, span_str(json_object_iter_peek_name(&at)), err) < 0 ||
		    put(p, span_str(": "), err) < 0 ||
		    put_value(p, json_object_iter_peek_value(&at), depth + 1, err) < 0)
			return -1;
	if ((before[0] == '{' && put(p, span_str(before), err) < 0) ||
	    put(p, span_str("\n"), err) < 0 || put_indent(p, depth, err) < 0)
		return -1;
	return put(p, span_str("}"), err);
}

static int
put_value(struct printing *p, struct json_object *v, unsigned depth, struct err *err)
{
	switch (json_object_get_type(v)) {
	case json_type_object:
		return put_object(p, v, depth, err);
	case json_type_array:
		return put_array(p, v, depth, err);
	case json_type_string:
		return put_string(
			p,
			span_of(json_object_get_string(v), (size_t)json_object_get_string_len(v)),
			err);
	default: /* numbers keep their spelling */
		return put(p, span_str(json_object_to_json_string_ext(v, JSON_C_TO_STRING_PLAIN)),
			   err);
	}
}

int
chromium_print(struct json_object *tree, chromium_write_fn *fn, void *ctx, struct err *err)
{
	struct printing p = { BUF_INIT(SIZE_MAX / 2), fn, ctx };
	int rc = put_value(&p, tree, 0, err);

	if (rc == 0)
		rc = put(&p, span_str("\n"), err);
	if (rc == 0 && p.out.n)
		rc = fn(ctx, buf_span(&p.out), err);
	buf_clear(&p.out);
	return rc;
}
