/* SPDX-License-Identifier: Apache-2.0 */
/* Whose backups: a device and those that it replaced. */
#include "restore/device.h"

#include "unit.h"

/* A log whose device i+1 replaced device i, up to @n of them. */
static void
fill(struct log_state *log, struct log_device *devices, size_t n)
{
	*log = (struct log_state){ .devices = devices, .n_devices = n };
	for (size_t i = 0; i < n; i++) {
		devices[i] = (struct log_device){ .id = { { (uint8_t)(i + 1) } } };
		if (i == 0)
			continue;
		devices[i].replaces = devices[i - 1].id;
		devices[i - 1].state = DEVICE_REPLACED;
		devices[i - 1].replaced_by = devices[i].id;
	}
}

static void
a_device_comes_before_those_that_it_replaced(void **state)
{
	struct log_device devices[3];
	struct log_state log;
	struct id16 chain[DEVICE_CHAIN_MAX];

	(void)state;
	fill(&log, devices, 3);
	assert_int_equal(device_chain(chain, &log, &devices[2].id), 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(id16_equal(&chain[i], &devices[2 - i].id));
	assert_int_equal(device_chain(chain, &log, &devices[0].id), 1);
}

static void
a_chain_ends_after_eight_replaced_devices(void **state)
{
	struct log_device devices[20];
	struct log_state log;
	struct id16 chain[DEVICE_CHAIN_MAX];

	(void)state;
	fill(&log, devices, N_ELEMENTS(devices));
	assert_int_equal(device_chain(chain, &log, &devices[19].id), 9);
	assert_true(id16_equal(&chain[8], &devices[11].id));
}

static void
a_device_that_the_log_does_not_know_is_a_chain_of_its_own(void **state)
{
	struct log_device devices[1];
	struct log_state log;
	struct id16 chain[DEVICE_CHAIN_MAX], stranger = { { 99 } };

	(void)state;
	fill(&log, devices, 1);
	assert_int_equal(device_chain(chain, &log, &stranger), 1);
	assert_true(id16_equal(&chain[0], &stranger));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_comes_before_those_that_it_replaced),
		cmocka_unit_test(a_chain_ends_after_eight_replaced_devices),
		cmocka_unit_test(a_device_that_the_log_does_not_know_is_a_chain_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
