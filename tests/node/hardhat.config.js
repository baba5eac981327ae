// The second node that the scenario of tests/integration runs on; no part of Hardhat but its node is used.
import { defineConfig } from "hardhat/config";

export default defineConfig({
  networks: {
    node: { type: "edr-simulated", chainType: "l1", chainId: 31337, hardfork: "prague" },
  },
});
