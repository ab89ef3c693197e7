/* SPDX-License-Identifier: Apache-2.0 */
/* public: addresses of this machine, of its network, of everybody. */
#include "net/public.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "unit.h"

static struct sockaddr_storage
address(const char *text)
{
	struct sockaddr_storage s = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&s;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&s;

	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
		s.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
		s.ss_family = AF_INET6;
	else
		fail_msg("%s is no address", text);
	return s;
}

static void
addresses_of_this_machine_or_network_are_not_public(void **state)
{
	static const struct {
		const char *text;
		bool is_public, loopback;
	} cases[] = {
		{ "127.0.0.1", false, true },
		{ "127.255.255.254", false, true },
		{ "::1", false, true },
		{ "0.0.0.0", false, false },
		{ "::", false, false },
		{ "10.0.0.1", false, false },
		{ "172.15.255.255", true, false },
		{ "172.16.0.1", false, false },
		{ "172.31.255.255", false, false },
		{ "172.32.0.0", true, false },
		{ "192.168.1.1", false, false },
		{ "169.254.169.254", false, false },
		{ "100.64.0.1", false, false },
		{ "100.128.0.1", true, false },
		{ "198.19.0.1", false, false },
		{ "224.0.0.1", false, false },
		{ "255.255.255.255", false, false },
		{ "1.1.1.1", true, false },
		{ "193.99.144.80", true, false },
		{ "fe80::1", false, false },
		{ "fc00::1", false, false },
		{ "fd12:3456::1", false, false },
		{ "ff02::1", false, false },
		{ "2001:db8::1", false, false },
		{ "2001::1", false, false },
		{ "2001:4860:4860::8888", true, false },
		{ "2a02:2e0:3fe:1001:302::", true, false },
		{ "::ffff:127.0.0.1", false, false },
		{ "::ffff:10.1.2.3", false, false },
		{ "::ffff:1.1.1.1", true, false },
		{ "64:ff9b::a9fe:a9fe", false, false },
		{ "64:ff9b::101:101", true, false },
		{ "2002:7f00:1::", false, false },
		{ "::7f00:1", false, false },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct sockaddr_storage s = address(cases[i].text);
		if (net_is_public((struct sockaddr *)&s) != cases[i].is_public ||
		    net_is_loopback((struct sockaddr *)&s) != cases[i].loopback)
			fail_msg("%s", cases[i].text);
	}
	struct sockaddr_storage s = { .ss_family = AF_UNIX };
	assert_false(net_is_public((struct sockaddr *)&s));
	assert_false(net_is_loopback((struct sockaddr *)&s));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_this_machine_or_network_are_not_public),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
