// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {JobTerms} from "../../../contracts/types/JobTerms.sol";
import {Model} from "./Model.sol";

/// @dev Terms of jobs at random, good ones and such as funding must refuse.
abstract contract RandomTerms is Model {
    function _terms(uint256 seed, uint256 budget) internal view returns (JobTerms memory t) {
        t = _roll(seed, 1, 5) < 2 ? plain() : windowed();
        _parties(t, seed);
        t.token = _token(seed, t.challengeWindow == 0);
        t.budget = uint128(1 + budget % _most(t.token, seed));
        (t.silenceBps, t.inconclusiveBps) = (_share(seed, 20), _share(seed, 21));
        t.quorum = uint8(3 + _roll(seed, 22, 3));
        t.salt = _roll(seed, 23, type(uint256).max) + _entries.length;
        if (_roll(seed, 24, 2) == 0) t.registry = address(registry);
        if (t.challengeWindow != 0) {
            t.challengeWindow = uint32(1 + _roll(seed, 25, 2 days));
            t.rulingWindow = uint32(1 + _roll(seed, 26, 2 days));
            t.maxRounds = [1, 2, 3, 3][_roll(seed, 27, 4)];
        }
        t.disputeBondBps = t.arbiter == address(0) ? 0 : _leastBond(t) + uint16(_roll(seed, 28, 10_001 - _leastBond(t)));
        _times(t, seed);
    }

    /// @dev Of a dispute: a twentieth, and more than the fee.
    function _leastBond(JobTerms memory t) private pure returns (uint16) {
        return t.feeBps < 500 ? 500 : t.feeBps + 1;
    }

    function _parties(JobTerms memory t, uint256 seed) private view {
        if (_roll(seed, 2, 4) == 0) t.payer = address(patron);
        if (_roll(seed, 3, 4) == 0) t.requester = t.payer;
        if (_roll(seed, 4, 3) == 0) t.worker = address(smith);
        if (_roll(seed, 5, 2) == 0) t.worker = address(0);
        if (t.arbiter == address(0) && _roll(seed, 6, 2) == 0) (t.arbiter, t.rulingWindow) = (arbiter, 1 days);
        t.feeTo = [feeTo, address(collector), t.payer, rival][_roll(seed, 7, 4)];
        t.feeBps = _roll(seed, 8, 3) == 0 ? 0 : uint16(_roll(seed, 9, 1001));
    }

    /// @dev Jobs that settle at once are often in one token, so that there are some for a batch.
    function _token(uint256 seed, bool atOnce) private view returns (address) {
        if (atOnce && _roll(seed, 10, 2) == 0) return _tokens[_roll(seed, 11, 3) == 0 ? 2 : 0];
        uint256 place = _roll(seed, 12, 12);
        return _tokens[[0, 0, 0, 1, 1, 2, 2, 3, 4, 4, 5, 6][place]];
    }

    /// @dev A token that takes a hundredth takes nothing of less than a hundred, bonds and the sum of a batch included.
    function _most(address token, uint256 seed) private view returns (uint256) {
        if (token == address(feeToken)) return 9;
        if (_roll(seed, 13, 4) == 0) return 100;
        return token == address(dollar) ? 1e19 : 1e30;
    }

    function _times(JobTerms memory t, uint256 seed) private view {
        uint256 end = block.timestamp + _roll(seed, 30, 2 days);
        if (t.worker == address(0)) {
            t.claimBy = uint40(end);
            t.deliverWindow = uint32(1 minutes + _roll(seed, 31, _roll(seed, 35, 2) == 0 ? 1 hours : 1 days));
            t.claimBondBps = uint16(100 + _roll(seed, 32, 9901));
            end += t.deliverWindow;
        }
        t.submitBy = uint40(end + _roll(seed, 33, 1 days));
        t.verdictBy = uint40(t.submitBy + 2 hours + _roll(seed, 34, 1 days));
    }

    function _share(uint256 seed, uint256 place) private pure returns (uint16) {
        uint256 kind = _roll(seed, place + 100, 5);
        if (kind == 0) return 0;
        return kind == 1 ? 10_000 : uint16(_roll(seed, place + 200, 10_001));
    }

    /// @dev One account in two roles.
    function _shareRole(JobTerms memory t, uint256 seed) internal view {
        uint256 kind = _roll(seed, 40, 7);
        address validator = vm.addr(keys[_roll(seed, 41, 5)]);
        if (t.worker == address(0)) (t.worker, t.claimBy, t.deliverWindow, t.claimBondBps) = (worker, 0, 0, 0);
        if (kind == 0) t.worker = t.payer;
        if (kind == 1) t.worker = t.requester;
        if (kind == 2) t.worker = validator;
        if (kind == 3) t.requester = validator;
        if (kind == 4) (t.arbiter, t.rulingWindow, t.disputeBondBps) = (t.worker, 1 days, 1001);
        if (kind == 5) (t.arbiter, t.rulingWindow, t.disputeBondBps) = (t.payer, 1 days, 1001);
        if (kind == 6) (t.arbiter, t.rulingWindow, t.disputeBondBps, t.feeTo) = (arbiter, 1 days, 1001, arbiter);
    }

    /// @dev One rule broken, by the least that breaks it.
    function _spoil(JobTerms memory t, uint256 seed) internal view {
        uint256 kind = _roll(seed, 42, 12);
        if (kind == 0) t.budget = 0;
        if (kind == 1) t.feeBps = 1001;
        if (kind == 2) t.silenceBps = 10_001;
        if (kind == 3) t.inconclusiveBps = 10_001;
        if (kind == 4) t.submitBy = uint40(block.timestamp - 1);
        if (kind == 5) t.verdictBy = t.submitBy + 2 hours - 1;
        if (kind == 6) t.verdictBy = uint40(block.timestamp + 365 days + 1);
        if (kind == 7) t.quorum = _roll(seed, 43, 2) == 0 ? 2 : 6;
        if (kind == 8) t.maxRounds = t.challengeWindow == 0 ? 2 : 9;
        if (kind == 9) t.disputeBondBps = t.arbiter == address(0) ? 10_001 : _leastBond(t) - 1;
        if (kind == 10) t.claimBy = t.worker == address(0) ? t.submitBy - t.deliverWindow + 1 : 1;
        if (kind == 11) t.token = address(liar);
    }
}
