/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conditions: see conditions.h.  What the properties mean: networkmanager.dev/docs/api/latest/ (NMMetered, NMState,
 * NMActiveConnectionState), upower.freedesktop.org/docs/ (Device).
 */
#include "auto/conditions.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "bus/system_bus.h"
#include "os/os.h"

#define NM     "org.freedesktop.NetworkManager"
#define NMPATH "/org/freedesktop/NetworkManager"
#define UP     "org.freedesktop.UPower"
#define UPPATH "/org/freedesktop/UPower"

static const struct system_bus_object network = { NM, NMPATH, NM };
static const struct system_bus_object power = { UP, UPPATH, UP };
static const struct system_bus_object battery = { UP, UPPATH "/devices/DisplayDevice",
						  UP ".Device" };

struct auto_source {
	struct system_bus *bus;
};

struct auto_source *
auto_source_open(void)
{
	AUTO(auto_source_free) struct auto_source *s = calloc(1, sizeof *s);
	struct err unused;

	if (!s || system_bus_open(&s->bus, &unused) != 0)
		return NULL;
	return TAKE(s);
}

void
auto_source_free(struct auto_source *s)
{
	if (!s)
		return;
	system_bus_free(s->bus);
	free(s);
}

/* 0, which NetworkManager and UPower use for unknown, too, where nobody says it. */
static uint32_t
number(struct auto_source *s, const struct system_bus_object *o, const char *property)
{
	struct err unused;
	uint32_t value;

	return system_bus_number(&value, s->bus, o, property, &unused) == 0 ? value : 0;
}

static bool
flag(bool *out, struct auto_source *s, const struct system_bus_object *o, const char *property)
{
	struct err unused;

	return system_bus_flag(out, s->bus, o, property, &unused) == 0;
}

static void
type_of(char out[static SYSTEM_BUS_TEXT_BYTES], struct auto_source *s,
	const struct system_bus_object *o, const char *property)
{
	struct err unused;

	if (system_bus_text(out, s->bus, o, property, &unused) != 0)
		out[0] = '\0';
}

static bool
is_one_of(const char *type, const char *const *types)
{
	for (; *types; types++)
		if (strcmp(type, *types) == 0)
			return true;
	return false;
}

/* Types of connections that lead over another one. */
static bool
is_tunnel(const char *type)
{
	static const char *const types[] = { "vpn", "wireguard", "tun", "ip-tunnel", NULL };

	return is_one_of(type, types);
}

/* Those that cost by the byte unless somebody says otherwise: mobile networks, and phones shared by Bluetooth. */
static bool
is_dear(const char *type)
{
	static const char *const types[] = { "gsm", "cdma", "bluetooth", NULL };

	return is_one_of(type, types);
}

/* NMMetered: 1 yes, 2 no, 3 and 4 guessed yes and no. */
static enum auto_known
judge(uint32_t metered, const char *type)
{
	if (metered == 1 || metered == 3)
		return AUTO_YES;
	if (metered == 2 || metered == 4)
		return AUTO_NO;
	return is_dear(type) ? AUTO_YES : AUTO_UNKNOWN;
}

/* Of an active connection that is no tunnel.  Its first device says it; AUTO_UNKNOWN, too, of one not in use. */
static bool
judge_below(enum auto_known *out, struct auto_source *s, const char *path)
{
	const struct system_bus_object connection = { NM, path, NM ".Connection.Active" };
	struct system_bus_paths devices;
	char type[SYSTEM_BUS_TEXT_BYTES];
	struct err unused;

	type_of(type, s, &connection, "Type");
	if (!type[0] || strcmp(type, "loopback") == 0 || is_tunnel(type) ||
	    number(s, &connection, "State") != 2) /* activated */
		return false;
	*out = judge(0, type);
	if (system_bus_paths(&devices, s->bus, &connection, "Devices", &unused) != 0 || !devices.n)
		return true;
	const struct system_bus_object device = { NM, devices.paths[0], NM ".Device" };
	*out = judge(number(s, &device, "Metered"), type);
	return true;
}

/* What carries a tunnel: the dearest of the links that are up. */
static enum auto_known
carriers_metered(struct auto_source *s)
{
	enum auto_known known = AUTO_YES, one;
	struct system_bus_paths active;
	struct err unused;
	bool any = false;

	if (system_bus_paths(&active, s->bus, &network, "ActiveConnections", &unused) != 0)
		return AUTO_YES;
	for (size_t i = 0; i < active.n; i++) {
		if (!judge_below(&one, s, active.paths[i]))
			continue;
		if (one == AUTO_YES)
			return AUTO_YES;
		if (!any || one == AUTO_UNKNOWN)
			known = one;
		any = true;
	}
	return known;
}

static enum auto_known
read_metered(struct auto_source *s)
{
	uint32_t metered = number(s, &network, "Metered");
	char type[SYSTEM_BUS_TEXT_BYTES];

	type_of(type, s, &network, "PrimaryConnectionType");
	/* Whoever set the tunnel itself to yes or no has said it. */
	if (is_tunnel(type) && metered != 1 && metered != 2)
		return carriers_metered(s);
	return judge(metered, type);
}

/* Does the kernel know a way out?  proc(5), /proc/net/route: the destination 00000000; ipv6_route: 128 zero bits of
 * length 00 over any interface but lo. */
static bool
has_default_route(void)
{
	AUTO(buf_clear) struct buf v4 = BUF_INIT(1u << 20), v6 = BUF_INIT(1u << 20);

	if (os_read_file(AT_FDCWD, "/proc/net/route", &v4, NULL) == 0 &&
	    strstr(buf_str(&v4), "\t00000000\t"))
		return true;
	if (os_read_file(AT_FDCWD, "/proc/net/ipv6_route", &v6, NULL) < 0)
		return false;
	for (const char *line = buf_str(&v6); *line;) {
		size_t n = strcspn(line, "\n");

		if (n > 36 && strncmp(line, "00000000000000000000000000000000 00 ", 36) == 0 &&
		    strncmp(line + n - 2, "lo", 2) != 0)
			return true;
		line += n + (line[n] != '\0');
	}
	return false;
}

/* NMState: 10 asleep to 40 connecting, 50 and more connected.  It counts only the interfaces that it manages. */
static enum auto_known
read_connected(struct auto_source *s)
{
	uint32_t state = number(s, &network, "State");

	if (state >= 50)
		return AUTO_YES;
	return state >= 10 && !has_default_route() ? AUTO_NO : AUTO_UNKNOWN;
}

/* UPower's State: 1 charging, 2 discharging, 3 empty, 4 full, 5 about to charge, 6 about to discharge. */
static enum auto_known
read_charging(struct auto_source *s)
{
	uint32_t state;
	bool on_battery;

	if (flag(&on_battery, s, &power, "OnBattery"))
		return on_battery ? AUTO_NO : AUTO_YES;
	state = number(s, &battery, "State");
	return state == 0                               ? AUTO_UNKNOWN
	       : state == 1 || state == 4 || state == 5 ? AUTO_YES
							: AUTO_NO;
}

/* A machine without a battery has as much as it takes. */
static int
read_battery(struct auto_source *s)
{
	struct err unused;
	double percent;
	bool present;

	if (flag(&present, s, &battery, "IsPresent") && !present)
		return 100;
	if (system_bus_real(&percent, s->bus, &battery, "Percentage", &unused) != 0 ||
	    !(percent >= 0 && percent <= 100))
		return AUTO_BATTERY_UNKNOWN;
	return (int)percent;
}

void
auto_source_read(struct auto_conditions *out, struct auto_source *s)
{
	*out = (struct auto_conditions)AUTO_CONDITIONS_INIT;
	if (!s)
		return;
	out->connected = read_connected(s);
	out->metered = read_metered(s);
	out->charging = read_charging(s);
	out->battery = read_battery(s);
}

void
auto_conditions_read(struct auto_conditions *out)
{
	AUTO(auto_source_free) struct auto_source *s = auto_source_open();

	auto_source_read(out, s);
}

int
auto_source_watch(struct auto_source *s)
{
	static const struct system_bus_object *const watched[] = { &network, &power, &battery };
	struct err unused;

	if (!s)
		return -1;
	for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
		if (system_bus_watch(s->bus, watched[i], &unused) < 0)
			return -1;
	return system_bus_fd(s->bus);
}

int
auto_source_take(struct auto_source *s)
{
	struct err unused;
	bool changed;

	if (system_bus_take(&changed, s->bus, &unused) < 0)
		return AUTO_SOURCE_GONE;
	return changed;
}
