/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that lies: every bit of what it stores and of what it answers changed, every two things
 * that it stores exchanged, things sealed by others put there.  Nothing is accepted that the device
 * did not save; the item is named; and the requests that follow tell the server nothing.
 *
 * CLOUDBOX_FULL=1 changes every bit; else a sample, whose seed is printed (CLOUDBOX_SEED=n again).
 */
#include <stdio.h>
#include <stdlib.h>

#include "lying.h"
#include "os/os.h"

#define SAMPLE 151 /* of so many bits, one */

#define ANNA "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Anna\r\nTEL:1\r\nEND:VCARD\r\n"
#define BEN  "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ben\r\nTEL:2\r\nEND:VCARD\r\n"
#define CLEO "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Cleo\r\nNOTE:a long note\r\nEND:VCARD\r\n"
#define DORA "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Dora\r\nNOTE:a long text\r\nEND:VCARD\r\n"

/* Live in the end, in the order of the lists below: anna, ben, cleo, dora, a document. */
static const struct made_item first[] = {
	{ "contacts", "anna", "Anna", ANNA, NULL, false, NULL },
	{ "contacts", "ben", "Ben", BEN, NULL, false, NULL },
	{ "contacts", "cleo", "Cleo", CLEO, "a long note", false, NULL },
	{ "contacts", "gone", "Gone", BEN, NULL, false, NULL },
	{ "documents", "anna", "anna.txt", "hello", NULL, false, NULL },
};
static const struct made_item second[] = {
	{ "contacts", "anna", "Anna B", ANNA, NULL, false, NULL },
	{ "contacts", "gone", "Gone", NULL, NULL, false, NULL },
	{ "contacts", "dora", "Dora", DORA, "a long text", false, NULL },
};
static const struct made_item live[] = {
	{ .app = "contacts", .native_id = "anna" },  { .app = "contacts", .native_id = "ben" },
	{ .app = "contacts", .native_id = "cleo" },  { .app = "contacts", .native_id = "dora" },
	{ .app = "documents", .native_id = "anna" },
};

static uint64_t seed;
static unsigned long n_flips, n_swaps, n_harmless;

static size_t
sample_step(void)
{
	return getenv("CLOUDBOX_FULL") ? 1 : SAMPLE;
}

static size_t
sample_begin(void)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (seed >> 33) % sample_step();
}

struct fixture {
	struct made_account *account, *other_account;
	struct made_cloud cloud;
	struct made_cloud sibling, foreign; /* the same items of another device, another account */
	struct lying server;
	struct reading truth;
};

static void
make_cloud(struct made_cloud *c, struct made_account *a, size_t device)
{
	made_cloud_init(c, a, device);
	made_batch(c, first, N_ELEMENTS(first));
	made_batch(c, second, N_ELEMENTS(second));
}

static void
read_everything(struct fixture *f, struct reading *r)
{
	reading_take(r, &f->server, &f->cloud, live, N_ELEMENTS(live));
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	assert_non_null(f);
	f->account = made_account_new(3);
	f->other_account = made_account_new(1);
	make_cloud(&f->cloud, f->account, 0);
	make_cloud(&f->sibling, f->account, 1);
	make_cloud(&f->foreign, f->other_account, 0);
	lying_init(&f->server, &f->cloud);
	read_everything(f, &f->truth);
	assert_int_equal(f->truth.n, 5 + 8 + 5); /* live, versions, one by one */
	assert_int_equal(f->truth.n_refused + f->truth.n_failed, 0);
	assert_string_equal(f->truth.alarm, "");
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	made_cloud_clear(&f->cloud);
	made_cloud_clear(&f->sibling);
	made_cloud_clear(&f->foreign);
	made_account_free(f->account);
	made_account_free(f->other_account);
	free(f);
	return 0;
}

static void
assert_true_again(struct fixture *f)
{
	struct reading r;

	read_everything(f, &r);
	assert_true(reading_same(&r, &f->truth));
	assert_true(hash32_equal(&r.asked, &f->truth.asked));
}

/* --- bits of what is stored --- */

/* Every bit of @stored: noticed, nothing forged, @item (if any) named, the others given, and the
 * same requests whichever bit it was. */
static void
flip_each(struct fixture *f, struct buf *stored, const struct id16 *item)
{
	struct hash32 asked = { 0 };
	bool has_asked = false;

	for (size_t bit = sample_begin(); bit < 8 * stored->n; bit += sample_step()) {
		struct reading r;

		stored->p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		read_everything(f, &r);
		stored->p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		n_flips++;
		reading_assert_nothing_forged(&r, &f->truth);
		assert_true(reading_noticed(&r, &f->truth));
		if (item) {
			assert_true(reading_refuses(&r, item));
			for (size_t i = 0; i < r.n_refused; i++)
				assert_true(id16_equal(&r.refused[i], item));
			assert_int_equal(r.n + r.n_refused, f->truth.n);
		}
		if (has_asked && !hash32_equal(&asked, &r.asked))
			fail_msg("bit %zu is answered by other requests than those before", bit);
		asked = r.asked;
		has_asked = true;
	}
	assert_true(has_asked);
	assert_true_again(f);
}

static void
every_bit_of_a_stored_record_is_noticed_at_its_item(void **state)
{
	struct fixture *f = *state;

	for (size_t b = 0; b < f->cloud.n_batches; b++)
		for (uint32_t i = 0; i < f->cloud.batches[b].n; i++) {
			struct made_record *r = &f->cloud.batches[b].records[i];
			flip_each(f, &r->frame, &r->entry.item);
		}
}

static void
every_bit_of_a_stored_batchs_prefix_is_noticed(void **state)
{
	struct fixture *f = *state;

	for (size_t b = 0; b < f->cloud.n_batches; b++)
		flip_each(f, &f->cloud.batches[b].prefix, NULL);
}

static void
every_bit_of_a_stored_chunk_is_noticed_at_its_item(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->cloud.n_objects, 2);
	flip_each(f, &f->cloud.objects[0].bytes,
		  &made_find(&f->cloud, 0, "contacts", "cleo")->entry.item);
	flip_each(f, &f->cloud.objects[1].bytes,
		  &made_find(&f->cloud, 1, "contacts", "dora")->entry.item);
}

/* --- bits of what is answered --- */

struct bending {
	unsigned nth; /* the answer */
	size_t bit;
	size_t n_bits; /* of that answer */
};

static void
flip_one(void *ctx, unsigned nth, struct buf *answer)
{
	struct bending *b = ctx;

	if (nth != b->nth)
		return;
	b->n_bits = 8 * answer->n;
	if (b->bit < b->n_bits)
		answer->p[b->bit / 8] ^= (uint8_t)(1u << b->bit % 8);
}

/* What an answer says besides that is not signed, lengths and numbers of versions, may be wrong
 * without a word: then what came out is the truth, bit for bit. */
static void
every_bit_of_every_answer_is_noticed_or_changes_nothing(void **state)
{
	struct fixture *f = *state;
	unsigned n_answers = f->server.n_answers;
	struct bending b = { 0 };
	struct reading r;

	f->server.bend = flip_one;
	f->server.ctx = &b;
	for (b.nth = 0; b.nth < n_answers; b.nth++) {
		b.n_bits = SIZE_MAX;
		for (b.bit = sample_begin(); b.bit < b.n_bits; b.bit += sample_step()) {
			b.n_bits = 0;
			read_everything(f, &r);
			if (b.bit >= b.n_bits)
				break;
			n_flips++;
			reading_assert_nothing_forged(&r, &f->truth);
			if (reading_noticed(&r, &f->truth))
				continue;
			if (!reading_same(&r, &f->truth))
				fail_msg("bit %zu of answer %u went unnoticed", b.bit, b.nth);
			n_harmless++;
		}
	}
	f->server.bend = NULL;
	assert_true_again(f);
}

struct cutting {
	unsigned nth;
	size_t to, whole;
};

static void
cut_one(void *ctx, unsigned nth, struct buf *answer)
{
	struct cutting *c = ctx;

	if (nth != c->nth)
		return;
	c->whole = answer->n;
	if (c->to < answer->n)
		answer->n = c->to;
}

static void
every_answer_that_is_cut_short_is_noticed(void **state)
{
	struct fixture *f = *state;
	unsigned n_answers = f->server.n_answers;
	struct cutting c = { 0 };
	struct reading r;

	f->server.bend = cut_one;
	f->server.ctx = &c;
	for (c.nth = 0; c.nth < n_answers; c.nth++) {
		c.whole = SIZE_MAX;
		for (c.to = sample_begin(); c.to < c.whole; c.to += sample_step()) {
			read_everything(f, &r);
			if (c.to >= c.whole)
				break;
			n_flips++;
			reading_assert_nothing_forged(&r, &f->truth);
			/* Only the mark of the end was missing, or the rest. */
			if (!reading_noticed(&r, &f->truth) && !reading_same(&r, &f->truth))
				fail_msg("answer %u, cut to %zu bytes, went unnoticed", c.nth,
					 c.to);
		}
	}
	f->server.bend = NULL;
	assert_true_again(f);
}

/* --- exchanges --- */

static void
swap(struct buf *a, struct buf *b)
{
	struct buf t = *a;

	*a = *b;
	*b = t;
}

/* While @a and @b are exchanged nothing is forged, it is noticed, and @item is refused. */
static void
assert_swap_is_noticed(struct fixture *f, struct buf *a, struct buf *b, const struct id16 *item)
{
	struct reading r;

	swap(a, b);
	read_everything(f, &r);
	swap(a, b);
	n_swaps++;
	reading_assert_nothing_forged(&r, &f->truth);
	assert_true(reading_noticed(&r, &f->truth));
	if (item)
		assert_true(reading_refuses(&r, item));
}

static struct made_record *
nth_record(struct made_cloud *c, size_t nth)
{
	for (size_t b = 0; b < c->n_batches; b++) {
		if (nth < c->batches[b].n)
			return &c->batches[b].records[nth];
		nth -= c->batches[b].n;
	}
	return NULL;
}

/* All records of @f's cloud with all of @other's. */
static void
swap_records(struct fixture *f, struct made_cloud *other)
{
	struct made_record *a, *b;

	for (size_t i = 0; (a = nth_record(&f->cloud, i)); i++)
		for (size_t k = other == &f->cloud ? i + 1 : 0; (b = nth_record(other, k)); k++)
			assert_swap_is_noticed(f, &a->frame, &b->frame, &a->entry.item);
	assert_true_again(f);
}

static void
any_two_records_exchanged_are_noticed(void **state)
{
	struct fixture *f = *state;

	swap_records(f, &f->cloud);
	swap_records(f, &f->sibling);
	swap_records(f, &f->foreign);
}

static void
any_two_prefixes_exchanged_are_noticed(void **state)
{
	struct fixture *f = *state;
	struct made_cloud *others[] = { &f->cloud, &f->sibling, &f->foreign };

	for (size_t o = 0; o < N_ELEMENTS(others); o++)
		for (size_t a = 0; a < 2; a++)
			for (size_t b = others[o] == &f->cloud ? a + 1 : 0; b < 2; b++)
				assert_swap_is_noticed(f, &f->cloud.batches[a].prefix,
						       &others[o]->batches[b].prefix, NULL);
	assert_true_again(f);
}

static void
any_two_chunks_exchanged_are_noticed(void **state)
{
	struct fixture *f = *state;
	struct made_cloud *others[] = { &f->cloud, &f->sibling, &f->foreign };
	const struct id16 *cleo = &made_find(&f->cloud, 0, "contacts", "cleo")->entry.item;
	const struct id16 *dora = &made_find(&f->cloud, 1, "contacts", "dora")->entry.item;

	for (size_t o = 0; o < N_ELEMENTS(others); o++)
		for (size_t a = 0; a < 2; a++)
			for (size_t b = others[o] == &f->cloud ? a + 1 : 0; b < 2; b++)
				assert_swap_is_noticed(f, &f->cloud.objects[a].bytes,
						       &others[o]->objects[b].bytes,
						       a ? dora : cleo);
	assert_true_again(f);
}

static void
any_two_entries_of_the_lists_exchanged_are_noticed(void **state)
{
	struct fixture *f = *state;
	struct listing *lists[] = { &f->cloud.live, &f->cloud.versions };

	for (size_t l = 0; l < N_ELEMENTS(lists); l++)
		for (size_t a = 0; a < lists[l]->n; a++)
			for (size_t b = a + 1; b < lists[l]->n; b++) {
				struct wire_item was = lists[l]->items[a];
				struct reading r;

				/* Each where the other lies, under its own name. */
				struct wire_item *x = &lists[l]->items[a], *y = &lists[l]->items[b];
				struct wire_item y_was = *y;
				*x = y_was;
				x->folder = was.folder, x->item = was.item,
				x->version = was.version;
				*y = was;
				y->folder = y_was.folder, y->item = y_was.item;
				y->version = y_was.version;
				read_everything(f, &r);
				*x = was;
				*y = y_was;
				n_swaps++;
				reading_assert_nothing_forged(&r, &f->truth);
				if (!reading_noticed(&r, &f->truth) && !reading_same(&r, &f->truth))
					assert_true(id16_equal(&was.item, &y_was.item));
			}
	assert_true_again(f);
}

/* --- sealed by others --- */

/* The cloud of whoever @a and @device are, given as ours: nothing of it opens. */
static void
assert_cloud_is_refused(struct fixture *f, struct made_cloud *other)
{
	struct lying server;
	struct reading r;

	lying_init(&server, other);
	reading_take(&r, &server, &f->cloud, live, N_ELEMENTS(live));
	n_swaps++;
	assert_int_equal(r.n, 0);
	assert_true(r.alarm[0] != '\0');
}

static void
a_whole_cloud_of_another_device_or_account_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_cloud_is_refused(f, &f->sibling);
	assert_cloud_is_refused(f, &f->foreign);
}

/* A device of the account has every key that seals (PSK, AEK.pub), but not the others' DSK. */
static void
what_another_device_sealed_in_our_name_is_refused(void **state)
{
	struct fixture *f = *state;
	struct made_device *mine = &f->account->devices[0], *theirs = &f->account->devices[1];
	struct sign_key *dsk = mine->dsk;
	struct made_cloud forged;

	mine->dsk = theirs->dsk; /* it signs; all else is as we would seal it */
	make_cloud(&forged, f->account, 0);
	mine->dsk = dsk;
	assert_cloud_is_refused(f, &forged);
	/* Its records in our batches, whose prefixes we signed. */
	swap_records(f, &forged);
	made_cloud_clear(&forged);
}

/* The server knows no PSK: whatever it seals is sealed with another one. */
static void
what_is_sealed_with_another_psk_is_refused_even_where_all_is_signed(void **state)
{
	struct fixture *f = *state;
	struct account_keys *mine = f->account->keys;
	struct secret *psk = mine->psk;
	struct made_cloud forged;
	struct lying server;
	struct reading r;

	mine->psk = f->other_account->keys->psk;
	make_cloud(&forged, f->account,
		   0); /* signed with our DSK, which is more than a server has */
	mine->psk = psk;
	lying_init(&server, &forged);
	reading_take(&r, &server, &f->cloud, live, N_ELEMENTS(live));
	assert_int_equal(r.n, 0);
	assert_int_equal(r.n_refused, f->truth.n);
	made_cloud_clear(&forged);
}

/* --- old states --- */

static void
an_old_head_with_the_new_list_is_an_alarm_and_its_list_shows_its_number(void **state)
{
	struct fixture *f = *state;
	AUTO(fetch_free) struct fetch *fetch = NULL;
	const struct opener_keys keys = made_keys(&f->cloud);
	const struct fetch_source source = lying_source(&f->server);
	struct made_cloud old;
	struct lying server;
	struct reading r;

	f->cloud.newest = 0;
	read_everything(f, &r);
	assert_true(r.alarm[0] != '\0');
	reading_assert_nothing_forged(&r, &f->truth);
	assert_int_equal(fetch_new(&fetch, &keys, &source, NULL), 0);
	assert_int_equal(fetch_list(fetch, NULL), 0);
	assert_int_equal(fetch_newest_seq(fetch), 1); /* whoever knows of batch 2 is warned by it */
	f->cloud.newest = 1;

	/* The whole state of then is sound in itself: only its number is older. */
	made_cloud_init(&old, f->account, 0);
	made_batch(&old, first, N_ELEMENTS(first));
	lying_init(&server, &old);
	reading_take(&r, &server, &f->cloud, live, N_ELEMENTS(live));
	assert_string_equal(r.alarm, "");
	made_cloud_clear(&old);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_bit_of_a_stored_record_is_noticed_at_its_item),
		TEST(every_bit_of_a_stored_batchs_prefix_is_noticed),
		TEST(every_bit_of_a_stored_chunk_is_noticed_at_its_item),
		TEST(every_bit_of_every_answer_is_noticed_or_changes_nothing),
		TEST(every_answer_that_is_cut_short_is_noticed),
		TEST(any_two_records_exchanged_are_noticed),
		TEST(any_two_prefixes_exchanged_are_noticed),
		TEST(any_two_chunks_exchanged_are_noticed),
		TEST(any_two_entries_of_the_lists_exchanged_are_noticed),
		TEST(a_whole_cloud_of_another_device_or_account_is_refused),
		TEST(what_another_device_sealed_in_our_name_is_refused),
		TEST(what_is_sealed_with_another_psk_is_refused_even_where_all_is_signed),
		TEST(an_old_head_with_the_new_list_is_an_alarm_and_its_list_shows_its_number),
	};
	const char *given = getenv("CLOUDBOX_SEED");

	seed = given ? strtoull(given, NULL, 10) : (uint64_t)os->now_unix_ms();
	print_message("seed %llu\n", (unsigned long long)seed);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	print_message("%lu bits and cuts, %lu exchanges; %lu bits changed nothing\n", n_flips,
		      n_swaps, n_harmless);
	return failed;
}
