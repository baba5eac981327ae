// Recomputes every digest of tests/golden/typed_data.json with viem and prints them as JSON, in the file's order.
// A third implementation: the vectors come from eth-account, the contracts and oracle.terms have their own.
import { readFileSync } from "node:fs";
import { encodePacked, hashStruct, hashTypedData, keccak256, concat } from "viem";

const golden = JSON.parse(readFileSync(process.argv[2], "utf8"));

const members = (text) =>
  text.split(",").map((member) => ({ type: member.split(" ")[0], name: member.split(" ")[1] }));

// Written out a third time, as people read them in the contracts.
const types = {
  JobTerms: members(
    "address payer,address requester,address worker,address arbiter,address token,address feeTo,address registry," +
      "uint16 feeBps,uint128 budget,uint40 claimBy,uint32 deliverWindow,uint40 submitBy,uint40 verdictBy," +
      "uint32 challengeWindow,uint32 rulingWindow,uint16 silenceBps,uint16 inconclusiveBps,uint16 disputeBondBps," +
      "uint16 claimBondBps,uint8 maxRounds,uint8 quorum,bytes32 specHash,uint256 salt,bytes validators",
  ),
  Verdict: members(
    "bytes32 job,uint8 round,bytes32 resultHash,uint8 outcome,uint128 workerAmount,bytes32 evidenceHash",
  ),
  Cancel: members("bytes32 job,uint8 status,uint8 round,uint40 clock,uint256 commit,uint40 expiry"),
  Submission: members("bytes32 job,uint40 clock,bytes32 resultHash,bytes32 multisetHash"),
  BatchVerdict: members("bytes32 root"),
  TokenPermissions: members("address token,uint256 amount"),
  PermitWitnessTransferFrom: members(
    "TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,JobTerms witness",
  ),
  ReceiveWithAuthorization: members(
    "address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce",
  ),
};

const isInteger = (type) => type.startsWith("uint");
const read = (type, message) =>
  Object.fromEntries(
    types[type].map(({ name, type: kind }) => [name, isInteger(kind) ? BigInt(message[name]) : message[name]]),
  );
const digest = (primaryType, message, domain = golden.domain) =>
  hashTypedData({ domain, types, primaryType, message });

const leaf = (content) => keccak256(concat(["0x00", content]));

// Node by node, as a tree is drawn: the last of an odd level is carried up.
const rootOf = (level) => {
  if (level.length === 1) return level[0];
  const above = [];
  for (let i = 0; i + 1 < level.length; i += 2) above.push(keccak256(concat(["0x01", level[i], level[i + 1]])));
  if (level.length % 2) above.push(level[level.length - 1]);
  return rootOf(above);
};

const verdictHash = (vector) =>
  hashStruct({ data: read("Verdict", vector.verdict), types, primaryType: "Verdict" });

const vectors = golden.vectors.map((vector) => {
  const terms = read("JobTerms", vector.terms);
  const fixed = types.JobTerms.filter(({ type }) => type !== "bytes");
  const head = encodePacked(fixed.map(({ type }) => type), fixed.map(({ name }) => terms[name]));
  const found = {
    packed: concat([head, terms.validators]),
    brief: concat([head, keccak256(terms.validators)]),
    jobId: digest("JobTerms", terms),
    verdictDigest: digest("Verdict", read("Verdict", vector.verdict)),
    leaf: leaf(verdictHash(vector)),
    cancelDigest: digest("Cancel", read("Cancel", vector.cancel)),
    submissionDigest: digest("Submission", read("Submission", vector.submission)),
  };
  if (!vector.permit2) return found;
  const permit = {
    permitted: { token: terms.token, amount: terms.budget },
    spender: golden.domain.verifyingContract,
    nonce: BigInt(vector.permit2.nonce),
    deadline: BigInt(vector.permit2.deadline),
    witness: terms,
  };
  const authorization = {
    from: terms.payer,
    to: golden.domain.verifyingContract,
    value: terms.budget,
    validAfter: BigInt(vector.authorization.validAfter),
    validBefore: BigInt(vector.authorization.validBefore),
    nonce: found.jobId,
  };
  return {
    ...found,
    permit2Digest: digest("PermitWitnessTransferFrom", permit, golden.permit2Domain),
    authorizationDigest: digest("ReceiveWithAuthorization", authorization, vector.tokenDomain),
  };
});

const batches = golden.batches.map((batch) => {
  const root = rootOf(batch.members.map((index) => leaf(verdictHash(golden.vectors[index]))));
  return { root, digest: digest("BatchVerdict", { root }) };
});

const trees = golden.trees.map((tree) => ({ root: rootOf(tree.documents.map(leaf)) }));

console.log(JSON.stringify({ vectors, batches, trees }));
