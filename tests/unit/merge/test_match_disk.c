/* SPDX-License-Identifier: Apache-2.0 */
/* 200,000 contacts in little memory are matched as they are when all of them lie in memory. */
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "merge/laws.h"
#include "merge/match.h"
#include "os/scratch.h"

#define CONTACTS      200000
#define SAMPLE        4000
#define INDEX_BYTES   ((size_t)16 << 20) /* of memory, at most, for all of them */
#define UPDATED_EVERY 41

/* RssAnon, or 0 where that means nothing: under a sanitizer, valgrind, or with few contacts. */
static size_t
own_bytes(void)
{
	char line[128];
	size_t kib = 0;
	FILE *f;

	if (getenv("CLOUDBOX_TEST_SMALL") || getenv("ASAN_OPTIONS"))
		return 0;
	f = fopen("/proc/self/status", "r");
	while (f && fgets(line, sizeof line, f) && sscanf(line, "RssAnon: %zu", &kib) != 1)
		;
	if (f)
		fclose(f);
	return kib << 10;
}

/* Contact @n, so that names and numbers are shared by few, some by hundreds.  @changed: a later state. */
static struct item *
contact(struct buf *card, unsigned n, bool changed)
{
	char text[400];

	snprintf(text, sizeof text,
		 "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:u%u\r\nFN:Person %u\r\nTEL:+49 30 %u\r\n"
		 "TEL;TYPE=WORK:+49 89 %u\r\n%s%sEND:VCARD\r\n",
		 n, n / 3, 1000000 + n / 2, n % 500, n % 7 ? "" : "BDAY:1980-01-01\r\n",
		 changed ? "NOTE:another\r\n" : "");
	buf_reset(card);
	assert_int_equal(buf_append_str(card, text, NULL), 0);
	return laws_parse(buf_span(card), NULL, "made up");
}

static void
add(struct match_index *ix, struct buf *card, unsigned n, bool changed, enum match_add_flag flag)
{
	AUTO(item_free) struct item *it = contact(card, n, changed);
	struct err err = { 0 };
	struct span id;
	char text[16];

	snprintf(text, sizeof text, "u%u", n);
	id = span_str(text);
	assert_int_equal(match_add(ix, n, it, &id, 1, flag, &err), 0);
}

static void
fill(struct match_index *ix, unsigned n)
{
	AUTO(buf_clear) struct buf card = BUF_INIT(4096);

	for (unsigned i = 0; i < n; i++)
		add(ix, &card, i, false, MATCH_LIVE);
}

/* A backup's item: a live one, with or without its id, a changed one, or a stranger of that name. */
static struct match
find_one(struct match_index *ix, struct dice d, unsigned n, unsigned *of)
{
	AUTO(buf_clear) struct buf card = BUF_INIT(4096);
	struct err err = { 0 };
	struct match m;
	char text[16];
	struct span id;

	*of = dice_roll(&d, n + n / 4);
	AUTO(item_free) struct item *it = contact(&card, *of, dice_roll(&d, 2));
	snprintf(text, sizeof text, "u%u", dice_roll(&d, 3) ? *of : dice_roll(&d, n));
	id = span_str(text);
	assert_int_equal(match_find(&m, ix, it, &id, dice_roll(&d, 2),
				    dice_roll(&d, 2) ? MATCH_RULE_NAME : MATCH_RULE_ID, &err),
			 0);
	return m;
}

static void
assert_same(const struct match *a, const struct match *b)
{
	assert_int_equal(a->at, b->at);
	assert_int_equal(a->rule, b->rule);
	assert_int_equal(a->why_new, b->why_new);
	assert_string_equal(a->shared_name, b->shared_name);
	assert_string_equal(a->shared_tail, b->shared_tail);
	assert_int_equal(a->n_shared, b->n_shared);
	assert_int_equal(a->n_alike, b->n_alike);
}

/* What a restore does: claim, merge, create. */
static void
go_on(struct match_index *ix, const struct match *m, unsigned of, unsigned round, unsigned *created)
{
	AUTO(buf_clear) struct buf card = BUF_INIT(4096);

	if (m->at != MATCH_NONE)
		match_claim(ix, m->at);
	if (m->at != MATCH_NONE && round % UPDATED_EVERY == 0)
		add(ix, &card, (unsigned)m->at, true, MATCH_LIVE);
	if (m->at == MATCH_NONE && round % UPDATED_EVERY == 1) {
		AUTO(item_free) struct item *it = contact(&card, of, false);
		struct err err = { 0 };

		assert_int_equal(match_add(ix, (*created)++, it, NULL, 0, MATCH_CREATED, &err), 0);
	}
}

static struct scratch *
scratch_here(void)
{
	struct scratch *s = NULL;
	struct err err = { 0 };
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(dir >= 0);
	assert_int_equal(scratch_new(&s, dir, &err), 0);
	close(dir);
	return s;
}

static void
two_hundred_thousand_in_little_memory_are_matched_as_in_much(void **state)
{
	AUTO(scratch_free) struct scratch *s = scratch_here();
	AUTO(match_index_free) struct match_index *disk = NULL;
	AUTO(match_index_free) struct match_index *memory = NULL;
	const char *given = getenv("CLOUDBOX_TEST_SEED");
	struct dice d = { (given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 1000003) | 1 };
	struct err err = { 0 };
	unsigned n = getenv("CLOUDBOX_TEST_SMALL") ? CONTACTS / 20 : CONTACTS;
	unsigned created_disk = n + n / 3, created_memory = created_disk, by_rule[4] = { 0 };
	struct match *on_disk = calloc(SAMPLE, sizeof *on_disk);
	size_t before, after;

	(void)state;
	print_message("CLOUDBOX_TEST_SEED=%llu\n", (unsigned long long)d.state);
	assert_non_null(on_disk);
	before = own_bytes();
	assert_int_equal(match_index_new_on(&disk, s, &err), 0);
	fill(disk, n);
	for (unsigned i = 0; i < SAMPLE; i++) {
		unsigned of;

		on_disk[i] = find_one(disk, (struct dice){ d.state + 2 * i }, n, &of);
		go_on(disk, &on_disk[i], of, i, &created_disk);
	}
	after = own_bytes();
	print_message("%u contacts, %zu KiB of memory\n", n, (after - before) >> 10);
	assert_true(after - before < INDEX_BYTES);

	assert_int_equal(match_index_new(&memory, &err), 0);
	fill(memory, n);
	for (unsigned i = 0; i < SAMPLE; i++) {
		unsigned of;
		struct match m = find_one(memory, (struct dice){ d.state + 2 * i }, n, &of);

		assert_same(&on_disk[i], &m);
		by_rule[m.rule]++;
		go_on(memory, &m, of, i, &created_memory);
	}
	assert_int_equal(match_steps(disk), match_steps(memory));
	for (unsigned i = 0; i < N_ELEMENTS(by_rule); i++)
		assert_true(by_rule[i] > 0);
	free(on_disk);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_hundred_thousand_in_little_memory_are_matched_as_in_much),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
