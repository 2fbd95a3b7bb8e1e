function generations(root: TreeNode | null): number[][] {
    const result: number[][] = [];
    let nodes = root ? [root] : [];
    while (nodes.length) {
        result.push(nodes.map((node) => node.val));
        const next: TreeNode[] = [];
        for (const node of nodes) {
            if (node.left) next.push(node.left);
            if (node.right) next.push(node.right);
        }
        nodes = next;
    }
    return result;
}
