// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

/// @notice What the parties agree to. Hashed (EIP-712) and packed in this order and never stored: each call brings
/// the terms back as `bytes`, each member big-endian at its own width with nothing between, `validators` last. Verbs
/// that need no validators also take terms in brief, with the 32-byte Keccak of `validators` in their place.
/// Times are unix seconds; a deadline is the last second of what it limits. Shares are basis points.
/// @param payer Locks the budget and receives what is not paid out.
/// @param requester Signed the job spec; often the payer.
/// @param worker Delivers and is paid; address(0): an open job, which somebody claims.
/// @param arbiter Rules on disputes; address(0) only with a zero `challengeWindow`.
/// @param token The ERC-20 of the budget and of the bonds; address(0) is the chain's native coin.
/// @param feeTo Receives the fee; not the arbiter, who would earn by not ruling.
/// @param registry Must admit the validators at funding; address(0): nobody is asked.
/// @param feeBps Fee on any signed verdict that is paid, rounded down, at most 1,000; none on refund, cancel, silence
/// and ruling.
/// @param budget Base units; the most that can ever leave.
/// @param claimBy Open jobs: last second for a claim. 0 where the worker is named.
/// @param deliverWindow Open jobs: seconds from a claim to its lapse; `claimBy` and this must fit before `submitBy`.
/// 0 where the worker is named.
/// @param submitBy Last second for a submission.
/// @param verdictBy Last second for a signed verdict; at least two hours after `submitBy`, at most a year away.
/// @param challengeWindow Seconds a signed proposal waits; 0 settles at once; at most 30 days.
/// @param rulingWindow Seconds an arbiter has; at most 30 days; above 0 where an arbiter is named.
/// @param silenceBps Worker's share of the budget where a submission got no verdict in time.
/// @param inconclusiveBps Worker's share of budget - fee after an inconclusive verdict.
/// @param disputeBondBps Bond of a dispute, rounded up; where an arbiter is named 500 to 10,000 and above `feeBps`, which a
/// ruling saves.
/// @param claimBondBps Open jobs: bond of a claim, rounded up; 100 to 10,000. 0 where the worker is named.
/// @param maxRounds Submissions in all, 1 to 8; more than 1 only with a challenge window.
/// @param quorum How many validators must sign: more than half of them.
/// @param specHash Digest of the job spec: circuit, shots, baseline, policy, every threshold.
/// @param salt Makes two jobs of otherwise equal terms two jobs.
/// @param validators 1 to 16 packed 20-byte addresses, strictly ascending.
struct JobTerms {
    address payer;
    address requester;
    address worker;
    address arbiter;
    address token;
    address feeTo;
    address registry;
    uint16 feeBps;
    uint128 budget;
    uint40 claimBy;
    uint32 deliverWindow;
    uint40 submitBy;
    uint40 verdictBy;
    uint32 challengeWindow;
    uint32 rulingWindow;
    uint16 silenceBps;
    uint16 inconclusiveBps;
    uint16 disputeBondBps;
    uint16 claimBondBps;
    uint8 maxRounds;
    uint8 quorum;
    bytes32 specHash;
    uint256 salt;
    bytes validators;
}
