/* SPDX-License-Identifier: Apache-2.0 */
/* problem: see problem.h. */
#include "wire/problem.h"

#include <json-c/json.h>
#include <stdio.h>

static const struct {
	const char *word;
	unsigned status;
	enum problem_member member;
	const char *title;
	enum err_code code;
} words[PROBLEM_N_WORDS] = {
#define ROW(name, word, status, member, title, code)                                               \
	[name] = { word, status, PROBLEM_HAS_##member, title, code },
	PROBLEM_WORDS(ROW)
#undef ROW
};

const char *
problem_word_text(enum problem_word word)
{
	return words[word].word;
}

unsigned
problem_status(enum problem_word word)
{
	return words[word].status;
}

const char *
problem_title(enum problem_word word)
{
	return words[word].title;
}

enum err_code
problem_err_code(enum problem_word word)
{
	return words[word].code;
}

enum problem_member
problem_member(enum problem_word word)
{
	return words[word].member;
}

static int
add(struct json_object *o, const char *key, struct json_object *value)
{
	if (value && json_object_object_add(o, key, value) == 0)
		return 0;
	json_object_put(value);
	return -1;
}

static struct json_object *
hex_of(const struct hash32 *h)
{
	return json_object_new_string(hash32_hex(h).s);
}

static int
add_cids(struct json_object *o, const struct problem *p)
{
	struct json_object *list = json_object_new_array();

	if (add(o, "cids", list) < 0)
		return -1;
	for (uint32_t i = 0; i < p->n_cids && i < PROBLEM_CIDS_MAX; i++) {
		struct json_object *cid = hex_of(&p->cids[i]);

		if (!cid || json_object_array_add(list, cid) < 0) {
			json_object_put(cid);
			return -1;
		}
	}
	return 0;
}

static int
add_member(struct json_object *o, const struct problem *p)
{
	switch (problem_member(p->word)) {
	case PROBLEM_HAS_SEQ_HEAD:
		return add(o, "seq", json_object_new_uint64(p->seq)) < 0
			       ? -1
			       : add(o, "head", hex_of(&p->head));
	case PROBLEM_HAS_EPOCH:
		return add(o, "epoch", json_object_new_uint64(p->epoch));
	case PROBLEM_HAS_LENGTH_HEAD:
		return add(o, "length", json_object_new_uint64(p->length)) < 0
			       ? -1
			       : add(o, "head", hex_of(&p->head));
	case PROBLEM_HAS_CIDS:
		return add_cids(o, p);
	case PROBLEM_HAS_NEEDS:
		return add(o, "needs", json_object_new_string(p->needs));
	case PROBLEM_HAS_AGAIN:
		return p->again_s ? add(o, "again", json_object_new_uint64(p->again_s)) : 0;
	case PROBLEM_HAS_NOW:
		return p->now_unix_s ? add(o, "now", json_object_new_uint64(p->now_unix_s)) : 0;
	case PROBLEM_HAS_NOTHING:
	case PROBLEM_HAS_RETRY:
		return 0;
	}
	return -1;
}

static void
put_json(struct json_object *o)
{
	json_object_put(o);
}
AUTO_PTR(put_json, struct json_object);

static int
fill(struct json_object *o, const struct problem *p)
{
	char type[64];

	snprintf(type, sizeof type, "%s%s", PROBLEM_TYPE_PREFIX, problem_word_text(p->word));
	if (add(o, "type", json_object_new_string(type)) < 0 ||
	    add(o, "title", json_object_new_string(problem_title(p->word))) < 0 ||
	    add(o, "status", json_object_new_int((int)problem_status(p->word))) < 0 ||
	    (p->detail[0] && add(o, "detail", json_object_new_string(p->detail)) < 0))
		return -1;
	return add_member(o, p);
}

int
problem_print(struct buf *out, const struct problem *p, struct err *err)
{
	AUTO(put_json) struct json_object *o = json_object_new_object();

	if (!o || fill(o, p) < 0)
		return err_nomem(err);
	const char *text = json_object_to_json_string_ext(
		o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	return text ? buf_append_str(out, text, err) : err_nomem(err);
}

static const char *
string_of(struct json_object *o, const char *key)
{
	struct json_object *v = json_object_object_get(o, key);

	return json_object_is_type(v, json_type_string) ? json_object_get_string(v) : "";
}

static bool
number_of(uint64_t *out, struct json_object *o, const char *key)
{
	struct json_object *v = json_object_object_get(o, key);

	if (!json_object_is_type(v, json_type_int))
		return false;
	*out = json_object_get_uint64(v);
	return true;
}

static bool
hash_of(struct hash32 *out, struct json_object *o, const char *key)
{
	return hash32_from_hex(out, span_str(string_of(o, key)));
}

static bool
read_cids(struct problem *p, struct json_object *o)
{
	struct json_object *list = json_object_object_get(o, "cids");

	if (!json_object_is_type(list, json_type_array) ||
	    json_object_array_length(list) > PROBLEM_CIDS_MAX)
		return false;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *v = json_object_array_get_idx(list, i);

		if (!json_object_is_type(v, json_type_string) ||
		    !hash32_from_hex(&p->cids[p->n_cids++], span_str(json_object_get_string(v))))
			return false;
	}
	return true;
}

static bool
read_member(struct problem *p, struct json_object *o)
{
	switch (problem_member(p->word)) {
	case PROBLEM_HAS_SEQ_HEAD:
		return number_of(&p->seq, o, "seq") && hash_of(&p->head, o, "head");
	case PROBLEM_HAS_EPOCH:
		return number_of(&p->epoch, o, "epoch");
	case PROBLEM_HAS_LENGTH_HEAD:
		return number_of(&p->length, o, "length") && hash_of(&p->head, o, "head");
	case PROBLEM_HAS_CIDS:
		return read_cids(p, o);
	case PROBLEM_HAS_NEEDS:
		snprintf(p->needs, sizeof p->needs, "%s", string_of(o, "needs"));
		return true;
	case PROBLEM_HAS_AGAIN:
		return !json_object_object_get_ex(o, "again", NULL) ||
		       number_of(&p->again_s, o, "again");
	case PROBLEM_HAS_NOW:
		return !json_object_object_get_ex(o, "now", NULL) ||
		       number_of(&p->now_unix_s, o, "now");
	case PROBLEM_HAS_NOTHING:
	case PROBLEM_HAS_RETRY:
		return true;
	}
	return false;
}

static bool
read_word(enum problem_word *word, const char *type)
{
	size_t n = strlen(PROBLEM_TYPE_PREFIX);

	if (strncmp(type, PROBLEM_TYPE_PREFIX, n) != 0)
		return false;
	for (int w = 0; w < PROBLEM_N_WORDS; w++)
		if (strcmp(type + n, words[w].word) == 0) {
			*word = (enum problem_word)w;
			return true;
		}
	return false;
}

/* @s as one JSON object, or NULL. */
static struct json_object *
parse(struct span s)
{
	struct json_tokener *t = json_tokener_new_ex(8); /* ours are two deep */
	struct json_object *o = NULL;

	if (!t)
		return NULL;
	o = json_tokener_parse_ex(t, (const char *)s.p, (int)s.n);
	bool good = json_tokener_get_error(t) == json_tokener_success &&
		    json_object_is_type(o, json_type_object);
	json_tokener_free(t);
	if (good)
		return o;
	json_object_put(o);
	return NULL;
}

int
problem_parse(struct problem *out, unsigned status, struct span json, struct err *err)
{
	AUTO(put_json) struct json_object *o = NULL;
	uint64_t told = status;

	*out = (struct problem){ 0 };
	if (json.n > 0 && json.n <= PROBLEM_BYTES_MAX)
		o = parse(json);
	if (!o || !read_word(&out->word, string_of(o, "type")) || !number_of(&told, o, "status") ||
	    told != status || status != problem_status(out->word) || !read_member(out, o))
		return err_set(err, ERR_SYNTAX,
			       "the server answered %u with something that is no answer of ours",
			       status);
	snprintf(out->detail, sizeof out->detail, "%s", string_of(o, "detail"));
	return 0;
}
