"""What nodes say, and nothing else knows: one node over JSON-RPC, its answers read strictly, its words in ours."""

from oracle.chain.node.answers import Block, Log, Mined
from oracle.chain.node.node import FIRST_BLOCKS, Node
from oracle.chain.node.reverts import Abi, decode_revert
from oracle.chain.node.rpc import DEFAULT_TIMEOUT_S, RpcError

__all__ = ["DEFAULT_TIMEOUT_S", "FIRST_BLOCKS", "Abi", "Block", "Log", "Mined", "Node", "RpcError", "decode_revert"]
