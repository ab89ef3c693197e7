/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A restore done again writes nothing: over whole apps of cards that are hard to tell apart.  Few
 * names, few numbers, values that exclude each other, values that the card's version cannot say;
 * few cards have an id.  CLOUDBOX_TEST_SEED runs one again; CLOUDBOX_FULL: ten times as many.
 */
#include <time.h>

#include "merge/app.h"

#define ROUNDS 3000

static const char *const alike[] = {
	"FN:Anna\r\n",
	"FN:Anna\r\n",
	"FN:Bert\r\n",
	"TEL:+1 1\r\n",
	"TEL:+1 2\r\n",
	"TEL;TYPE=CELL:+1 1\r\n",
	"EMAIL:a@x.example\r\n",
	"NOTE:a\r\n",
	"NOTE:b\r\n",
	"BDAY:19800101\r\n",
	"BDAY:19810101\r\n",
	"KIND:individual\r\n",
	"KEY;ENCODING=b:damaged...\r\n", /* which only its own version can say */
	"LOGO;ENCODING=b:damaged,,,\r\n",
	"CATEGORIES:a,b\r\n",
	"g.URL:http://x.example\r\ng.X-ABLabel:y\r\n",
};

static void
add_alike(struct app *app, struct dice *d)
{
	static const char *const versions[] = { "2.1", "3.0", "4.0" };
	AUTO(buf_clear) struct buf card = BUF_INIT(10000);
	char id[16] = "";

	assert_int_equal(buf_append_fmt(&card, NULL, "BEGIN:VCARD\r\nVERSION:%s\r\n",
					versions[dice_roll(d, 3)]),
			 0);
	for (size_t i = 0; i < N_ELEMENTS(alike); i++)
		if (dice_roll(d, 3) == 0)
			assert_int_equal(buf_append_str(&card, alike[i], NULL), 0);
	assert_int_equal(buf_append_str(&card, "END:VCARD\r\n", NULL), 0);
	if (dice_roll(d, 4) == 0)
		snprintf(id, sizeof id, "id%u", dice_roll(d, 6));
	app_add(app, buf_span(&card), id);
}

static void
show(const char *what, const struct app *app)
{
	for (size_t i = 0; i < app->n; i++)
		fprintf(stderr, "---- %s %zu, id '%s'\n%s", what, i, app->cards[i].id,
			buf_str(&app->cards[i].bytes));
}

static void
alike_cards_restored_again_write_nothing(void **state)
{
	const char *given = getenv("CLOUDBOX_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 1000003;
	unsigned rounds = given ? 1 : scaled(ROUNDS);

	(void)state;
	print_message("CLOUDBOX_TEST_SEED=%llu, %u rounds\n", (unsigned long long)seed, rounds);
	for (unsigned round = 0; round < rounds; round++, seed += 2) {
		AUTO(app_clear) struct app live = { 0 }, backup = { 0 };
		struct dice d = { seed | 1 };
		for (int i = 0; i < 4; i++)
			dice_next(&d);
		for (unsigned i = 0, n = 1 + dice_roll(&d, 6); i < n; i++)
			add_alike(dice_roll(&d, 2) ? &live : &backup, &d);
		if (given) {
			show("live", &live);
			show("backup", &backup);
		}
		app_restore(&live, &backup);
		if (given)
			show("restored", &live);
		app_restore(&live, &backup);
		if (live.n_written) {
			show("twice", &live);
			fail_msg("CLOUDBOX_TEST_SEED=%llu: the second restore wrote %u cards",
				 (unsigned long long)seed, live.n_written);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alike_cards_restored_again_write_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
