/** Times in milliseconds. What an administrator sets is in `HolderSettings`; these follow from protocols and bounds. */

/** Rounds of questions before silence is believed. */
export const PROOF_ROUNDS = 3;
/** Rounds that may be asked in all, those included in which the LAN was silent altogether. */
export const MOST_ROUNDS = 6;
/** The least time that a proof takes; three round trips where those are longer. RFC 5227 2.1.1 allows up to 7 s. */
export const PROOF_MS = 100;
/** How long a rival that is asking already is let go first. */
export const YIELD_MS = 500;
/** So often in a row a node is let go first: one that asks over and over without taking must not block others. */
export const MAXIMUM_YIELDS = 3;
/** What each rank waits longer than the one before it, so that the first one is heard before the second one asks. */
export const RANK_WAIT_MS = 150;
/** Ranks from this one on wait equally long, and a random time. */
export const LAST_RANK = 3;
/** Ranks that watch out for the holder of an address when others ask for it. */
export const HINTED_RANKS = 3;

/** How old a frame from another station may be for the LAN to count as living. */
export const LIVING_MS = 1000;
/** Others are asked for a sign of life at most so often, and a gateway whose MAC is unknown, so by broadcast, so often. */
export const LIFE_PAUSE_MS = { unicast: 25, broadcast: 500 };
/** Pause before the next attempt where the LAN was silent altogether. */
export const DEAF_RETRY_MS = 500;

/** How often a node asks another one by itself, and how long it waits each time. */
export const CHECK_ASKS = 3;
export const CHECK_ASK_MS = 30;
/** What a broadcast question may still bring in by proxy; a check by unicast begins after it. */
export const PROXY_SETTLE_MS = 10;
/** One node is checked at most so often. */
export const CHECK_PAUSE_MS = 1000;
/** A peer that is believed dead is asked so often by those that watch it. */
export const DEAD_ASK_MS = 1000;
/** Peers that a node watches: two, and two more while one of them misses. */
export const WATCHED = 2;
export const WATCHED_ON_SUSPICION = 4;

/**
 * Each peer that is watched is asked at least so often, also where it asks by itself, so that it hears that the agent here
 * lives; and the agent of a peer that was to ask and has not for so long is suspected.
 */
export const SPEAK_MS = 1000;
export const AGENT_SILENT_MS = 3000;
/** The first look at a suspected agent's Lease waits this long: by then a node that is dead as a whole is known to be. */
export const LEASE_WAIT_MS = 1000;
/** A Lease that has not changed for so long, as observed here, is stale: agents renew theirs every 30 s. */
export const LEASE_STALE_MS = 40_000;
/** Pause between looks at a Lease that could not be read, and at that of an agent that is gone, until it is back. */
export const LEASE_RETRY_MS = 10_000;
/** An agent whose Lease was seen to change is not suspected again for so long. */
export const AGENT_TRUST_MS = 60_000;
/** When an address is announced after a question that a node without an agent has answered as well. */
export const ANNOUNCE_OVER_MS = 30;

/** A miss counts only where the own loop was not later than this. */
export const ON_TIME_MS = 50;
/** Later than this, others may have thought this node dead. */
export const STALL_MS = 300;

/** How long a late answer of a foreign owner still makes a new holder give way. */
export const LISTEN_MS = 2000;
/** RFC 5227 2.4: DEFEND_INTERVAL. */
export const DEFEND_MS = 10_000;
/** How fresh the other holder's frame must be for the lower rank to let go. */
export const RIVAL_FRESH_MS = 300;
/** The higher rank announces against another holder at most so often. */
export const ASSERT_PAUSE_MS = 50;
/** A claim that contradicts the wire is corrected after so long. */
export const CLAIM_CORRECTION_MS = 1000;
/** Who has given way looks so much later whether the other one has stayed: it may have given way as well. */
export const CONFIRM_MS = 100;

/** First and longest pause after a conflict with a foreign owner, or an add that the kernel refused. */
export const BACK_OFF_MS = { conflict: { first: 10_000, longest: 300_000 }, kernel: { first: 1000, longest: 30_000 } };

/** Each held address is announced about so often in quiet times, and at most so many a second on an interface. */
export const QUIET_ANNOUNCE_MS = 60_000;
export const QUIET_RATE = 1;
/** A candidate that has heard nothing of an address for so long asks its holder for it. */
export const RECHECK_MS = 150_000;
/**
 * The same for an address that only a claim gives to another node: that node may have lost it with its power, and have no
 * agent yet. At most one is asked for in this time, so that an agent that starts among thousands asks no faster.
 */
export const UNHEARD_RECHECK_MS = { least: 5000, each: 20 };
/** The same for a new Service whose address an old claim gives to another node. */
export const NEW_RECHECK_MS = 1000;
/** So long after the first complete picture, a Service that comes is a new one. */
export const SETTLED_MS = 10_000;

/**
 * Whether a station answers for every address: so many random ones are asked for, each time so long (Linux delays
 * answers by proxy up to 0.8 s: proxy_delay), and others where there was an answer. It does where one station has
 * answered for so many of them.
 */
export const PROXY_ASKS = 2;
export const PROXY_ROUNDS = 2;
export const PROXY_MOST = 3;
export const PROXY_ANSWER_MS = 1000;
/** When that is asked again, by the last answer, and at the soonest after a foreign answer. */
export const PROXY_RECHECK_MS = { free: 600_000, proxied: 60_000, suspicion: 10_000 };

/** EVPN freezes an address that moves 5 times in 180 s (RFC 7432 15.1). */
export const MOVES = {
  most: 4,
  withinMs: 180_000,
  /** Two holders that have just heard each other speak in turn: for a fabric that is one move. */
  mergedMs: 200,
};
/** An address that others remove is put back so often in that time before the node backs off. */
export const RESTORES = { most: 5, withinMs: 60_000 };

/** Broadcasts of one interface: storm control of switches starts at about a thousand a second. */
export const BROADCASTS_PER_SECOND = 500;
export const BROADCAST_BURST = 100;

/** A planned move is called off after this, and tried again after that. */
export const MOVE_TIMEOUT_MS = 5000;
export const MOVE_RETRY_MS = 30_000;
/** When a successor announces, counted from the moment the kernel has the address. */
export const MOVE_ANNOUNCEMENTS_MS: readonly number[] = [0, 10, 30, 100, 500];
