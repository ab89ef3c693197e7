/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conditions: whether the link costs by the byte, whether there is one, whether the battery is charged.
 *
 * From NetworkManager and UPower on the system's D-Bus.  What they do not say is unknown, and so is all where
 * there is no bus, no such service or no libdbus-1: never an error.  The plan's conditions take unknown as met.
 *
 * A VPN is as metered as what carries it.  NetworkManager names as primary connection that which leads to the VPN's
 * server where the VPN is a plug-in's, but the tunnel itself for WireGuard and tun; then the links below are asked, and
 * one that may be metered is enough.  Nobody below is known: metered.
 */
#ifndef AUTO_CONDITIONS_H
#define AUTO_CONDITIONS_H

#include <stdint.h>

#include "base/auto.h"
#include "base/err.h"

enum auto_known {
	AUTO_UNKNOWN,
	AUTO_YES,
	AUTO_NO,
};

#define AUTO_BATTERY_UNKNOWN (-1)

struct auto_conditions {
	enum auto_known
		connected; /* to any network; no only if neither NetworkManager nor the kernel's routes know one */
	enum auto_known metered;  /* the link that carries the traffic costs by the byte, or may */
	enum auto_known charging; /* or on mains without a battery, or full and plugged in */
	int battery;              /* per cent, or AUTO_BATTERY_UNKNOWN */
};

/* Nothing is known. */
#define AUTO_CONDITIONS_INIT                                                                       \
	{                                                                                          \
		.battery = AUTO_BATTERY_UNKNOWN                                                    \
	}

/** As it is now; within a few seconds, whatever the bus does. */
void auto_conditions_read(struct auto_conditions *out);

/*
 * The same for who stays: one connection, and a descriptor for changes.
 */
struct auto_source;

/** NULL: nobody says anything here (no bus, no libdbus-1), or memory is out. */
struct auto_source *auto_source_open(void);
void auto_source_free(struct auto_source *s);
AUTO_PTR(auto_source_free, struct auto_source);

/** @s may be NULL: then all is unknown. */
void auto_source_read(struct auto_conditions *out, struct auto_source *s);

/** Watch NetworkManager and UPower.  A descriptor for poll(), POLLIN, or -1: there is nothing to watch.  It is
 *  borrowed; call auto_source_take() once right after this, and whenever it is readable. */
int auto_source_watch(struct auto_source *s);

#define AUTO_SOURCE_GONE (-1)
/** Take what came, without waiting.  1: read the conditions anew; 0: nothing of interest; AUTO_SOURCE_GONE: the bus
 *  ended, free @s and open another some time later (a minute). */
int auto_source_take(struct auto_source *s);

#endif
